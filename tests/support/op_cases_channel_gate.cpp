// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/channel_gate.h, and of batch norms behind a gate.
#include "engine/ops/batch_norm.h"
#include "engine/ops/cast.h"
#include "engine/ops/channel_gate.h"
#include "engine/ops/layout.h"
#include "engine/ops/matmul.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

// Norms and gates are kept in float32 where x is bf16.
Variable in_float32(const Variable& operand) {
    return operand.dtype() == DType::bf16 ? cast(operand, DType::f32) : operand;
}

// Behind gates, whose perceptron has a weight for every two channels, in as many tensors as `several` says.
void add_gated(OpTable& table, const std::string& name, const Shape& x, const BatchNormParams& params,
               bool several = false) {
    const int64_t channels = x[-1], all = several ? 2 * channels : channels;
    OpCase op_case{
        "batch_norm",
        "batch_norm_gated_" + name,
        {{"x", x, {Draw::Kind::uniform, -1.5, 1.5, 0.1}},
         {"weight", {all}, {Draw::Kind::uniform, 0.5, 1.5}},
         {"bias", {all}},
         {"gate", {all, channels}}},
        [params, channels](const Inputs& in) {
            std::vector<Variable> x;
            std::vector<BatchNormOperands> norms;
            std::vector<ChannelGate> gates;
            for (int64_t first = 0; first < in[1].dim(0); first += channels) {
                const auto part = [&](size_t i) {
                    return slice(in_float32(in[i]), 0, first, first + channels);
                };
                const Variable weight = part(1), bias = part(2), perceptron = part(3);
                const Tensor& like = weight.value();
                x.push_back(first == 0 ? in[0] : in.back());
                norms.push_back({weight, bias, Tensor::full(like.shape(), 0.25, like.dtype(), like.device()),
                                 Tensor::full(like.shape(), 1.3, like.dtype(), like.device())});
                gates.emplace_back(
                    [perceptron](const Variable& means) { return sigmoid(linear(means, perceptron)); });
            }
            return concat(batch_norm(x, norms, params, {}, gates), 0);
        }};
    if (several) op_case.inputs.push_back({"x2", x, {Draw::Kind::uniform, -1.0, 1.2, 0.1}});
    table.cases.push_back(op_case);
}

}  // namespace

void add_channel_gate_cases(OpTable& table) {
    for (const Shape& x : {Shape{2, 3, 4, 5}, Shape{3, 5, 4, 16}})
        table.cases.push_back({"gated",
                               "gated_" + std::to_string(x[3]),
                               {{"y", x}, {"gate", {x[3], x[3]}}},
                               [](const Inputs& in) {
                                   return gated(in[0], [&](const Variable& means) {
                                       return sigmoid(linear(means, in_float32(in[1])));
                                   });
                               }});

    const BatchNormParams silu{.activation = Activation::silu};
    add_gated(table, "odd", {3, 4, 5, 6}, silu);
    add_gated(table, "eights", {3, 4, 5, 16}, silu);
    add_gated(table, "eights_many", {6, 21, 20, 16}, silu);
    add_gated(table, "eights_strips", {3, 27, 27, 136}, silu);
    add_gated(table, "odd_many", {4, 15, 16, 5}, silu);
    add_gated(table, "one_pixel", {5, 1, 1, 8}, silu);
    add_gated(table, "inference", {3, 4, 5, 16}, {.training = false, .activation = Activation::silu});
    add_gated(table, "none", {3, 4, 5, 16}, {});
    add_gated(table, "relu", {3, 4, 5, 16}, {.activation = Activation::relu});
    add_gated(table, "several", {3, 4, 5, 16}, silu, true);
    add_gated(table, "several_many", {5, 21, 21, 8}, silu, true);

    const auto refuse = [&](const char* name, const Shape& x, const BatchNormParams& params, bool residual,
                            int64_t weights, std::vector<std::string> found) {
        table.bad_calls.push_back(
            {"batch_norm", std::string("batch_norm_gated_") + name,
             [=] {
                 const Variable input(Tensor::zeros(x));
                 const Tensor norm = Tensor::zeros({x[-1]});
                 const ChannelGate gate = [=](const Variable&) {
                     return Variable(Tensor::zeros({x[0], weights}));
                 };
                 std::vector<Variable> residuals;
                 if (residual) residuals = {input};
                 (void)batch_norm({input}, {{norm, norm, norm, norm}}, params, residuals, {gate});
             },
             std::move(found)});
    };
    const BatchNormParams pooled{.pool = Pool2dParams{}};
    refuse("rank", {9, 5}, silu, false, 5, {"[9, 5]"});
    refuse("residual", {1, 6, 6, 3}, silu, true, 3, {"a residual"});
    refuse("pooling", {1, 6, 6, 3}, pooled, false, 3, {"pooling"});
    refuse("dropout", {1, 6, 6, 3}, {.dropout = {0.5, {3, 5}, 7}}, false, 3, {"0.5"});
    refuse("weights", {1, 6, 6, 3}, silu, false, 4, {"[1, 3]", "[1, 4]"});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_gated_dtype",
                               [] {
                                   const Tensor norm = Tensor::zeros({3});
                                   const ChannelGate gate = [](const Variable&) {
                                       return Variable(Tensor::zeros({1, 3}, DType::f64));
                                   };
                                   (void)batch_norm({Tensor::zeros({1, 6, 6, 3})}, {{norm, norm, norm, norm}},
                                                    {.activation = Activation::silu}, {}, {gate});
                               },
                               {"f32", "f64"}});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_gated_count",
                               [] {
                                   const Tensor x = Tensor::zeros({1, 6, 6, 3}), norm = Tensor::zeros({3});
                                   const BatchNormOperands norms{norm, norm, norm, norm};
                                   const ChannelGate gate = [](const Variable& means) { return means; };
                                   (void)batch_norm({x, x}, {norms, norms}, {}, {}, {gate});
                               },
                               {"found 1 for 2"}});
}

}  // namespace unmask::detail
