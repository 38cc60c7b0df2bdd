// SPDX-License-Identifier: Apache-2.0
// Conversion between floating dtypes, rounded to nearest even.
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// Kernel slot: y = x in y's dtype; f32, f64 and bf16 on the CPU, f32 and bf16 on a GPU.
inline constinit Kernel<void(const Tensor& x, Tensor& y)> cast_forward{"cast_forward"};

// x itself when it has the dtype already. Where x keeps a low-precision copy of that dtype (a parameter, see
// FlatParameters::keep_copies) the copy serves and nothing is computed. The gradient is converted back.
[[nodiscard]] Variable cast(const Variable& x, DType dtype);

}  // namespace unmask
