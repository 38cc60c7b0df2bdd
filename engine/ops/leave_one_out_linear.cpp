// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/leave_one_out_linear.h"

#include <algorithm>
#include <string>

#include "engine/ops/check.h"

namespace unmask {
namespace {

constexpr const char* op_name = "leave_one_out_linear";

void check(const Variable& z, const std::vector<Variable>& weights, const std::vector<Variable>& biases) {
    check_rank(op_name, "features", z.shape(), 2);
    const auto heads = static_cast<int64_t>(weights.size());
    if (heads < 1 || heads == 2 || heads > most_leave_one_out_branches + 1 || biases.size() != weights.size())
        fail("{}: expected one head, or 3 to {} of them, with a bias each, found {} weights and {} biases",
             op_name, most_leave_one_out_branches + 1, weights.size(), biases.size());
    if (heads > 1 && z.dim(1) % (heads - 1) != 0)
        fail("{}: expected features of {} branches, found {}", op_name, heads - 1, z.shape().str());
    const int64_t classes = weights[0].shape().rank() == 2 ? weights[0].dim(0) : 0;
    if (classes < 1 || classes > most_leave_one_out_classes)
        fail("{}: expected a weight of 1 to {} classes, found {}", op_name, most_leave_one_out_classes,
             weights[0].shape().str());
    for (int64_t h = 0; h < heads; ++h) {
        const auto place = static_cast<size_t>(h);
        check_same_kind(op_name, z, weights[place]);
        check_same_kind(op_name, z, biases[place]);
        const LeftOut gap = left_out(h, heads, z.dim(1));
        check_shape(op_name, ("weight " + std::to_string(h)).c_str(), weights[place].shape(),
                    {classes, z.dim(1) - (gap.end - gap.begin)});
        check_shape(op_name, ("bias " + std::to_string(h)).c_str(), biases[place].shape(), {classes});
    }
}

std::vector<Tensor> values_of(const std::vector<Variable>& variables) {
    std::vector<Tensor> result;
    for (const Variable& variable : variables) result.push_back(variable.value());
    return result;
}

[[maybe_unused]] std::vector<Tensor> gradients_of(const Tensor& grad_y, const Tensor& z,
                                                  const std::vector<Tensor>& weights,
                                                  const WantedGradients& needed) {
    const size_t heads = weights.size();
    const int64_t classes = grad_y.dim(-1);
    std::vector<Tensor> result(1 + 2 * heads);
    int64_t count = 0;
    for (const Tensor& weight : weights) count += weight.numel() + classes;
    if (needed[0]) result[0] = Tensor::empty_like(z);
    Tensor parameters;
    if (std::any_of(needed.begin() + 1, needed.end(), [](bool wanted) { return wanted; }))
        parameters = Tensor::empty({count}, z.dtype(), z.device());
    leave_one_out_linear_backward(grad_y, z, weights, result[0], parameters);
    if (!parameters.defined()) return result;
    int64_t offset = 0;
    const auto take = [&](const Shape& shape) {
        const Tensor part = parameters.rows(offset, offset + shape.numel()).reshape(shape);
        offset += shape.numel();
        return part;
    };
    for (size_t h = 0; h < heads; ++h) {
        result[1 + h] = take(weights[h].shape());
        result[1 + heads + h] = take({classes});
    }
    return result;
}

}  // namespace

Variable leave_one_out_linear(const Variable& z, const std::vector<Variable>& weights,
                              const std::vector<Variable>& biases) {
    check(z, weights, biases);
    const auto heads = static_cast<int64_t>(weights.size());
    Tensor y = Tensor::empty({heads, z.dim(0), weights[0].dim(0)}, z.dtype(), z.device());
    std::vector<Tensor> weight_values = values_of(weights);
    leave_one_out_linear_forward(z.value(), weight_values, values_of(biases), y);
    std::vector<Variable> inputs{z};
    inputs.insert(inputs.end(), weights.begin(), weights.end());
    inputs.insert(inputs.end(), biases.begin(), biases.end());
    return record(op_name, y, std::move(inputs),
                  [x = z.value(), weight_values](const Tensor& gradient, const auto& needed) {
                      return gradients_of(gradient, x, weight_values, needed);
                  });
}

}  // namespace unmask
