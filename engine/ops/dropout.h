// SPDX-License-Identifier: Apache-2.0
// Dropout: y = x · m / (1 - p), m drawn by Philox from (key, step, element), so that no mask is stored and
// every device draws the same.
#pragma once

#include "engine/kernel.h"
#include "engine/philox.h"
#include "engine/variable.h"

namespace unmask {

struct DropoutParams {
    double probability = 0.5;  // of becoming zero, in [0, 1)
    PhiloxKey key{};
    uint64_t step = 0;
    Tensor device_step{};  // [1], i64, on x's device: takes the place of `step`, so that captured work can
                           // move on
};

// Kernel slot; forward and backward are the same map. Element e is kept when philox_uniform(bits(step, e)) >=
// p.
inline constinit Kernel<void(const Tensor& x, Tensor& y, const DropoutParams& params)> dropout_forward{
    "dropout_forward"};

// Error when the probability is outside [0, 1). Probability 0 returns x itself.
[[nodiscard]] Variable dropout(const Variable& x, const DropoutParams& params);

}  // namespace unmask
