// SPDX-License-Identifier: Apache-2.0
// How far two tensors are apart.
#pragma once

#include "engine/tensor.h"

namespace unmask {

struct Difference {
    double relative = 0.0;  // ‖a - b‖ / ‖b‖, or ‖a‖ where b is all zeros
    double largest = 0.0;   // max |a - b|
};

// Any dtypes and devices; Error when the shapes differ. An element that is not a number on one side alone, or
// infinite on one side alone, makes both results infinite.
[[nodiscard]] Difference difference(const Tensor& a, const Tensor& b);

// The same shape, dtype and bytes.
[[nodiscard]] bool same_bytes(const Tensor& a, const Tensor& b);

}  // namespace unmask
