// SPDX-License-Identifier: Apache-2.0
// The checks that ops share. Every message names the op, what was expected and what was found.
#pragma once

#include "engine/error.h"
#include "engine/variable.h"

namespace unmask {

// Defined, on the same device and of the same dtype.
void check_same_kind(const char* op, const Variable& a, const Variable& b);
// Defined and on the same device.
void check_same_device(const char* op, const Tensor& a, const Tensor& b);
void check_rank(const char* op, const char* operand, const Shape& shape, int rank);
// The operand's shape is exactly the expected one.
void check_shape(const char* op, const char* operand, const Shape& found, const Shape& expected);
// The axis as a non-negative number below the rank.
[[nodiscard]] int checked_axis(const char* op, int axis, int rank);

}  // namespace unmask
