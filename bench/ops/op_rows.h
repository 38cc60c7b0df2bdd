// SPDX-License-Identifier: Apache-2.0
// The ops at the sizes that detectors give them: rows as in the op-case table (tests/support/op_case.h), and
// the work that each has to do.
#pragma once

#include <vector>

#include "engine/ops/kernel_work.h"
#include "tests/support/op_case.h"

namespace unmask {

struct OpRow {
    OpCase op_case;
};

// At least one row for every op of the op-case table.
[[nodiscard]] const std::vector<OpRow>& op_rows();

// The work of the forward pass, or of forward and backward together, whatever kernels do it. The arithmetic
// is that of the kernels it calls (it runs once to see them). The bytes are those that must move where
// nothing stays in a cache: every input read once, the result written once; backward reads the result's
// gradient and each input again, and writes the gradients of those that are differentiable.
[[nodiscard]] KernelWork forward_work(const OpRow& row);
[[nodiscard]] KernelWork training_work(const OpRow& row);
[[nodiscard]] bool is_differentiable(const OpRow& row);

namespace detail {
void add_conv2d_rows(std::vector<OpRow>& rows);
void add_product_rows(std::vector<OpRow>& rows);    // matrix products, heads
void add_norm_rows(std::vector<OpRow>& rows);       // batch norm, channel scale, pooling, resize
void add_pointwise_rows(std::vector<OpRow>& rows);  // elementwise, activations, dropout, softmax, casts
void add_layout_rows(std::vector<OpRow>& rows);     // copies, permutations, reductions
void add_loss_rows(std::vector<OpRow>& rows);       // objective, embedding
}  // namespace detail

}  // namespace unmask
