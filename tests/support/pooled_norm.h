// SPDX-License-Identifier: Apache-2.0
// A batch norm that pools, beside a batch norm and a pooling.
#pragma once

#include <vector>

#include "engine/ops/batch_norm.h"
#include "tests/support/op_case.h"

namespace unmask {

struct PooledNorm {
    Shape x{2, 41, 30, 16};  // more rows than one block of a GPU takes
    BatchNormParams params{.activation = Activation::relu};
    Pool2dParams pool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    int groups = 1;
    double bias = 0.0;  // of the first channel; that of the others is 0.1 further each

    // The result, then the gradients of x and of every norm, and the running statistics. What it computes
    // with is exact in bf16.
    [[nodiscard]] std::vector<Tensor> run(bool as_one, DType dtype, Device device = cpu_device) const {
        const OpCase drawn{
            "batch_norm", "pooled_norm", {{"x", x, {Draw::Kind::uniform, -2.0, 2.0}}}, nullptr};
        const Tensor rounded = make_inputs(drawn, DType::f32)[0].value().to(DType::bf16);
        const Variable input(rounded.to(dtype).to(device), true);
        std::vector<BatchNormOperands> norms;
        const int64_t size = x[3] / groups;
        for (int g = 0; g < groups; ++g) {
            std::vector<float> weights, biases;
            for (int64_t c = 0; c < size; ++c) {
                weights.push_back(0.5f + 0.25f * static_cast<float>(c % 5));
                biases.push_back(static_cast<float>(bias + 0.1 * static_cast<double>(g * size + c)));
            }
            norms.push_back({Variable(Tensor::from({size}, weights).to(device), true),
                             Variable(Tensor::from({size}, biases).to(device), true),
                             Tensor::full({size}, 0.25, DType::f32, device),
                             Tensor::full({size}, 1.5, DType::f32, device)});
        }
        BatchNormParams own = params;
        if (as_one) own.pool = pool;
        Variable y = batch_norm(input, norms, own);
        if (!as_one) y = max_pool2d(y, pool);
        y.backward(projection(y.shape(), DType::bf16).to(dtype).to(device));
        std::vector<Tensor> result{y.value(), input.gradient()};
        for (const BatchNormOperands& norm : norms)
            result.insert(result.end(), {norm.weight.gradient(), norm.bias.gradient(), norm.running_mean,
                                         norm.running_variance});
        return result;
    }
};

inline std::vector<PooledNorm> pooled_norms() {
    const Pool2dParams gaps{.kernel = {2, 3}, .stride = {4, 3}}, many{.kernel = {5, 4}, .stride = {1, 1}};
    return {
        {},
        {.bias = -2.0},  // many windows that relu lets nothing of through
        {.params = {.activation = Activation::none}},
        {.params = {.training = false, .activation = Activation::relu}, .bias = -1.0},
        {.x = {3, 29, 31, 24}, .groups = 3, .bias = -1.0},
        {.x = {2, 33, 18, 5}, .bias = -0.5},
        {.x = {2, 42, 30, 16}, .bias = -1.0},  // of even sizes
        {.x = {3, 28, 70, 40}, .params = {.activation = Activation::none}, .groups = 5},
        {.x = {2, 40, 26, 528}, .bias = -1.0},
        {.pool = gaps},
        {.x = {1, 50, 47, 8}, .pool = many, .bias = -1.0},
    };
}

}  // namespace unmask
