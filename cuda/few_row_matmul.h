// SPDX-License-Identifier: Apache-2.0
// Matrix products of a few rows, as one picture's features with a layer's weight: reading the weight once is
// all the work.
#pragma once

#include "engine/ops/matmul.h"
#include "engine/tensor.h"

namespace unmask {

// Whether the kernel takes the operands: f32 or bf16, a [m, k] with at most 4 rows and b [n, k] stored
// transposed, rows and addresses in multiples of 4 bytes.
[[nodiscard]] bool few_row_matmul_supported(const Tensor& a, const Tensor& b, const MatmulParams& params);

// matmul_forward of operands that are supported: y = activation(a * bᵀ + bias), summed in float32 (in TF32's
// mode too) in an order that k, the dtype and the addresses' alignment decide. bias may be undefined.
void few_row_matmul_forward(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y,
                            const MatmulParams& params);

}  // namespace unmask
