// SPDX-License-Identifier: Apache-2.0
// The inputs of the parity cases, rebuilt from names and indices as README.md says.
#pragma once

#include <string>
#include <vector>

#include "layers/module.h"

namespace unmask::parity {

// `count` values low + (high - low) · u_j, rounded to float32; u_j from splitmix64(fnv1a64(name) + j).
[[nodiscard]] std::vector<float> filled(const std::string& name, int64_t count, double low, double high);

// Images in [-2, 2], drawn as [batch, 3, size, size] and returned as [batch, size, size, 3].
[[nodiscard]] Tensor images(const std::string& name, int64_t batch, int64_t size);

// The image moved by about its own rounding: each value by up to 2^-22 of it, another amount for each `draw`
// from 1 up; draw 0 is the image itself.
[[nodiscard]] Tensor nudged(const Tensor& image, int draw);

// Every parameter and buffer by its name; convolution weights are drawn as OIHW and stored as OHWI.
void fill_parameters(Module& module);

}  // namespace unmask::parity
