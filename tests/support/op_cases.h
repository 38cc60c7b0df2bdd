// SPDX-License-Identifier: Apache-2.0
// The op-case table, one file for each group of op families.
#pragma once

#include "tests/support/op_case.h"

namespace unmask {

// Every row. Rows of one op stand together.
[[nodiscard]] const std::vector<OpCase>& op_cases();
[[nodiscard]] const std::vector<BadCall>& bad_calls();

namespace detail {

struct OpTable {
    std::vector<OpCase> cases;
    std::vector<BadCall> bad_calls;
};

void add_elementwise_cases(OpTable& table);
void add_reduce_cases(OpTable& table);
void add_layout_cases(OpTable& table);
void add_matmul_cases(OpTable& table);
void add_activation_cases(OpTable& table);  // and softmax, dropout, embedding
void add_batch_norm_cases(OpTable& table);
void add_channel_gate_cases(OpTable& table);
void add_channel_scale_cases(OpTable& table);
void add_conv2d_cases(OpTable& table);
void add_pool_cases(OpTable& table);  // and resize
void add_leave_one_out_linear_cases(OpTable& table);
void add_information_objective_cases(OpTable& table);

}  // namespace detail
}  // namespace unmask
