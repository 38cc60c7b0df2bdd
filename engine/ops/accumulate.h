// SPDX-License-Identifier: Apache-2.0
// Many tensors brought along in as few passes as possible: gradients added to where they are kept, which
// backward does for the parameters of a FlatParameters, and averages moved towards the present values.
#pragma once

#include <vector>

#include "engine/kernel.h"

namespace unmask {

// target += gradient; of one size. The gradient may be bf16 where the target is f32.
struct Accumulation {
    Tensor gradient, target;
};

// Kernel slot; `first` is the first target, no target occurs twice.
inline constinit Kernel<void(const Tensor& first, const std::vector<Accumulation>& parts)>
    accumulate_gradients{"accumulate_gradients"};

// average += share · (value - average); of one size, f32.
struct MovedAverage {
    Tensor value, average;
};

// Kernel slot; share is [], f32, on the device of all. No average occurs twice.
inline constinit Kernel<void(const Tensor& share, const std::vector<MovedAverage>& parts)> move_averages{
    "move_averages"};

}  // namespace unmask
