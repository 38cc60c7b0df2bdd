// SPDX-License-Identifier: Apache-2.0
// Adding many gradients to where they are kept, in as few passes as possible: what backward does for the
// parameters of a FlatParameters.
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

}  // namespace unmask
