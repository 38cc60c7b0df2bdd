// SPDX-License-Identifier: Apache-2.0
#include "bench/ops/op_rows.h"

#include <algorithm>

namespace unmask {
namespace {

constexpr double element = 4;  // float32

double input_bytes(const OpRow& row) {
    double bytes = 0;
    for (const OpInput& input : row.op_case.inputs) bytes += element * double(input.shape.numel());
    return bytes;
}

}  // namespace

const std::vector<OpRow>& op_rows() {
    static const std::vector<OpRow> rows = [] {
        std::vector<OpRow> all;
        detail::add_conv2d_rows(all);
        detail::add_product_rows(all);
        detail::add_norm_rows(all);
        detail::add_pointwise_rows(all);
        detail::add_layout_rows(all);
        detail::add_loss_rows(all);
        return all;
    }();
    return rows;
}

KernelWork forward_work(const OpRow& row) {
    const NoGrad nothing_recorded;
    const std::vector<Variable> inputs = make_inputs(row.op_case, DType::f32);
    WorkCounter counter;
    const Variable y = row.op_case.run(inputs);
    return {counter.work().flops, input_bytes(row) + element * double(y.value().numel())};
}

KernelWork training_work(const OpRow& row) {
    const std::vector<Variable> inputs = make_inputs(row.op_case, DType::f32);
    double gradients = 0;
    for (const OpInput& input : row.op_case.inputs)
        if (input.differentiable) gradients += element * double(input.shape.numel());
    WorkCounter counter;
    const Variable y = row.op_case.run(inputs);
    const double result = element * double(y.value().numel());
    y.backward(projection(y.shape(), DType::f32));
    return {counter.work().flops, 2 * input_bytes(row) + 2 * result + gradients};
}

bool is_differentiable(const OpRow& row) {
    return std::ranges::any_of(row.op_case.inputs, [](const OpInput& input) { return input.differentiable; });
}

}  // namespace unmask
