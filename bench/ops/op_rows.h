// SPDX-License-Identifier: Apache-2.0
// The ops at the sizes that detectors give them: rows as in the op-case table (tests/support/op_case.h), and
// the work that each has to do.
#pragma once

#include <vector>

#include "engine/compute_mode.h"
#include "engine/ops/kernel_work.h"
#include "tests/support/op_case.h"

namespace unmask {

struct OpRow {
    OpCase op_case;
    // Inputs that are frozen, by number, as a model's weights are in inference: kernels keep what they derive
    // from them (Buffer::frozen()).
    std::vector<size_t> frozen{};
    // The least of --winograd's modes in which Winograd's algorithm computes it; off: in none.
    Winograd winograd_from = Winograd::off;
};

// At least one row for every op of the op-case table.
[[nodiscard]] const std::vector<OpRow>& op_rows();

// Leaves as of make_inputs.
[[nodiscard]] std::vector<Variable> row_inputs(const OpRow& row);

// The work of the kernel calls of the forward pass, or of forward and backward together, as work_of counts
// it: it runs to see them. What is made once, at the first run, is no part of it.
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
void add_optimizer_rows(std::vector<OpRow>& rows);  // updates, adding gradients up
}  // namespace detail

}  // namespace unmask
