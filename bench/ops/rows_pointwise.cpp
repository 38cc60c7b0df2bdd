// SPDX-License-Identifier: Apache-2.0
// What is done to each element by itself, at the size of ResNet's first map in a batch of 8.
#include "bench/ops/op_rows.h"
#include "engine/ops/activation.h"
#include "engine/ops/cast.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/softmax.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

const Shape map_shape{8, 56, 56, 64};

// Away from 0, where logarithms and divisions have no derivative.
constexpr Draw positive{Draw::Kind::uniform, 0.5, 1.5};

void add_unary(std::vector<OpRow>& rows, const std::string& op, Variable (*function)(const Variable&)) {
    rows.push_back({{op, op + "_map", {{"x", map_shape, positive}}, [function](const Inputs& in) {
                         return function(in[0]);
                     }}});
}

void add_binary(std::vector<OpRow>& rows, const std::string& op,
                Variable (*function)(const Variable&, const Variable&)) {
    const auto run = [function](const Inputs& in) { return function(in[0], in[1]); };
    rows.push_back({{op, op + "_maps", {{"a", map_shape, positive}, {"b", map_shape, positive}}, run}});
    rows.push_back(
        {{op, op + "_map_and_channels", {{"a", map_shape, positive}, {"b", {64}, positive}}, run}});
}

}  // namespace

void add_pointwise_rows(std::vector<OpRow>& rows) {
    add_binary(rows, "add", &add);
    add_binary(rows, "subtract", &subtract);
    add_binary(rows, "multiply", &multiply);
    add_binary(rows, "divide", &divide);
    add_unary(rows, "negate", &negate);
    add_unary(rows, "exp", &exp);
    add_unary(rows, "log", &log);
    add_unary(rows, "sqrt", &sqrt);
    add_unary(rows, "square", &square);
    add_unary(rows, "reciprocal", &reciprocal);
    add_unary(rows, "abs", &abs);
    add_unary(rows, "relu", &relu);
    add_unary(rows, "silu", &silu);
    add_unary(rows, "sigmoid", &sigmoid);
    const auto add_map = [&rows](const std::string& op, const auto& run) {
        rows.push_back({{op, op + "_map", {{"x", map_shape}}, run}});
    };
    add_map("leaky_relu", [](const Inputs& in) { return leaky_relu(in[0]); });
    add_map("activation", [](const Inputs& in) { return activation(in[0], {.kind = Activation::silu}); });
    add_map("affine", [](const Inputs& in) { return affine(in[0], 2.0, 0.5); });
    add_map("dropout", [](const Inputs& in) { return dropout(in[0], {.probability = 0.5}); });
    add_map("cast", [](const Inputs& in) { return cast(cast(in[0], DType::bf16), DType::f32); });
    for (const int64_t columns : {2, 1000}) {
        const Shape shape{columns == 2 ? 4096 : 256, columns};
        const std::string size = "_" + std::to_string(shape[0]) + "x" + std::to_string(columns);
        rows.push_back(
            {{"softmax", "softmax" + size, {{"x", shape}}, [](const Inputs& in) { return softmax(in[0]); }}});
        rows.push_back({{"log_softmax", "log_softmax" + size, {{"x", shape}}, [](const Inputs& in) {
                             return log_softmax(in[0]);
                         }}});
    }
}

}  // namespace unmask::detail
