// SPDX-License-Identifier: Apache-2.0
// How fresh parameters are drawn: every parameter has its own Philox stream, named by the parameter.
#pragma once

#include <cstdint>
#include <string>

#include "engine/tensor.h"

namespace unmask {

// Element e is the stream's word e of step 0, mapped to [-bound, bound). Any floating dtype, any device.
void fill_uniform(Tensor& tensor, double bound, uint64_t seed, const std::string& name);
// Normal with mean 0: elements 4b … 4b + 3 are two Box-Muller pairs from block b.
void fill_normal(Tensor& tensor, double deviation, uint64_t seed, const std::string& name);
// Any floating dtype, any device.
void fill_constant(Tensor& tensor, double value);

}  // namespace unmask
