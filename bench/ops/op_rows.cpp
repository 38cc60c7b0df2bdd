// SPDX-License-Identifier: Apache-2.0
#include "bench/ops/op_rows.h"

#include <algorithm>

namespace unmask {
const std::vector<OpRow>& op_rows() {
    static const std::vector<OpRow> rows = [] {
        std::vector<OpRow> all;
        detail::add_conv2d_rows(all);
        detail::add_product_rows(all);
        detail::add_norm_rows(all);
        detail::add_pointwise_rows(all);
        detail::add_layout_rows(all);
        detail::add_loss_rows(all);
        detail::add_optimizer_rows(all);
        return all;
    }();
    return rows;
}

std::vector<Variable> row_inputs(const OpRow& row) {
    std::vector<Variable> inputs = make_inputs(row.op_case, DType::f32);
    for (const size_t input : row.frozen) inputs.at(input).value().buffer()->freeze();
    return inputs;
}

KernelWork forward_work(const OpRow& row) {
    const NoGrad nothing_recorded;
    const std::vector<Variable> inputs = row_inputs(row);
    static_cast<void>(row.op_case.run(inputs));
    const WorkCounter counter;
    static_cast<void>(row.op_case.run(inputs));
    return counter.work();
}

KernelWork training_work(const OpRow& row) {
    const std::vector<Variable> inputs = row_inputs(row);
    const Tensor gradient = projection(row.op_case.run(inputs).shape(), DType::f32);
    const WorkCounter counter;
    row.op_case.run(inputs).backward(gradient);
    return counter.work();
}

bool is_differentiable(const OpRow& row) {
    return std::ranges::any_of(row.op_case.inputs, [](const OpInput& input) { return input.differentiable; });
}

}  // namespace unmask
