// SPDX-License-Identifier: Apache-2.0
#include "tests/support/op_cases.h"

namespace unmask {
namespace {

const detail::OpTable& table() {
    static const detail::OpTable instance = [] {
        detail::OpTable result;
        detail::add_elementwise_cases(result);
        detail::add_reduce_cases(result);
        detail::add_layout_cases(result);
        detail::add_matmul_cases(result);
        detail::add_activation_cases(result);
        detail::add_batch_norm_cases(result);
        detail::add_channel_gate_cases(result);
        detail::add_channel_scale_cases(result);
        detail::add_conv2d_cases(result);
        detail::add_pool_cases(result);
        detail::add_leave_one_out_linear_cases(result);
        detail::add_information_objective_cases(result);
        return result;
    }();
    return instance;
}

}  // namespace

const std::vector<OpCase>& op_cases() {
    return table().cases;
}
const std::vector<BadCall>& bad_calls() {
    return table().bad_calls;
}

}  // namespace unmask
