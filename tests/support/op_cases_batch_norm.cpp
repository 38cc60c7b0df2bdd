// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/batch_norm.h.
#include "engine/ops/batch_norm.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Row {
    std::string name;
    Shape x;
    BatchNormParams params{};
    bool residual = false;
    Draw draw{Draw::Kind::uniform, -1.5, 1.5, 0.1};
    Bounds bounds{};
    Draw residual_draw{};
    int groups = 1;
};

// Norms are kept in float32 where x is bf16.
Variable norm_operand(const Variable& operand) {
    return operand.dtype() == DType::bf16 ? cast(operand, DType::f32) : operand;
}

// The running statistics are cloned, because training moves them.
void add_row(OpTable& table, const Row& row) {
    const Shape channels{row.x[-1]};
    OpCase op_case{
        "batch_norm",
        "batch_norm_" + row.name,
        {{"x", row.x, row.draw},
         {"weight", channels, {Draw::Kind::uniform, 0.5, 1.5}},
         {"bias", channels},
         {"running_mean", channels, {}, false},
         {"running_variance", channels, {Draw::Kind::uniform, 0.5, 1.5}, false}},
        [params = row.params, groups = row.groups](const Inputs& in) {
            std::vector<BatchNormOperands> operands;
            const int64_t size = in[1].dim(0) / groups;
            for (int64_t g = 0; g < groups; ++g) {
                const auto part = [&](size_t i) {
                    return slice(norm_operand(in[i]), 0, g * size, (g + 1) * size);
                };
                operands.push_back({part(1), part(2), part(3).value().clone(), part(4).value().clone()});
            }
            return batch_norm(in[0], operands, params, in.size() > 5 ? in[5] : Variable());
        },
        row.bounds};
    if (row.residual) op_case.inputs.push_back({"residual", row.x, row.residual_draw});
    table.cases.push_back(op_case);
}

// Two tensors and their norms in one call, x and x2, with as many groups each; the results beside each other.
void add_several(OpTable& table, const Row& row) {
    const Shape norms{2 * row.x[-1]};
    OpCase op_case{"batch_norm",
                   "batch_norm_several_" + row.name,
                   {{"x", row.x, row.draw},
                    {"x2", row.x, row.draw},
                    {"weight", norms, {Draw::Kind::uniform, 0.5, 1.5}},
                    {"bias", norms}},
                   [row](const Inputs& in) {
                       std::vector<BatchNormOperands> operands;
                       const int64_t size = row.x[-1] / row.groups;
                       for (int64_t g = 0; g < 2 * row.groups; ++g) {
                           const auto part = [&](size_t i) {
                               return slice(norm_operand(in[i]), 0, g * size, (g + 1) * size);
                           };
                           const Variable weight = part(2), bias = part(3);
                           const Tensor& like = weight.value();
                           operands.push_back({weight, bias,
                                               Tensor::full(like.shape(), 0.25, like.dtype(), like.device()),
                                               Tensor::full(like.shape(), 1.3, like.dtype(), like.device())});
                       }
                       std::vector<Variable> residuals;
                       if (row.residual) residuals = {in[4], in[5]};
                       return concat(batch_norm({in[0], in[1]}, operands, row.params, residuals), 0);
                   },
                   row.bounds};
    if (row.residual) {
        op_case.inputs.push_back({"residual", row.x, row.residual_draw});
        op_case.inputs.push_back({"residual2", row.x, row.residual_draw});
    }
    table.cases.push_back(op_case);
}

std::function<void()> call(const Shape& x, const Shape& weight, const Shape& running,
                           const Shape& residual = {}) {
    return [=] {
        (void)batch_norm(Tensor::zeros(x), Tensor::zeros(weight), Tensor::zeros(weight),
                         Tensor::zeros(running), Tensor::zeros(running), {},
                         residual.rank() > 0 ? Variable(Tensor::zeros(residual)) : Variable());
    };
}

void add_pooled_cases(OpTable& table) {
    const Pool2dParams stem{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    const Pool2dParams uneven{.kernel = {2, 3}, .stride = {3, 2}, .padding = {1, 0}};
    const Draw distinct{Draw::Kind::distinct, -1.5, 1.5};
    const BatchNormParams plain{.pool = stem}, relu{.activation = Activation::relu, .pool = stem};
    const BatchNormParams inference{.training = false, .activation = Activation::relu, .pool = stem};
    const auto row = [&](const char* name, const Shape& x, const BatchNormParams& params, int groups = 1) {
        return Row{.name = std::string("pooled_") + name,
                   .x = x,
                   .params = params,
                   .draw = distinct,
                   .groups = groups};
    };
    add_row(table, row("odd", {2, 7, 9, 5}, plain));
    add_row(table, row("odd_relu", {2, 7, 9, 5}, relu));
    add_row(table, row("eights_relu", {2, 7, 6, 16}, relu));
    add_row(table, row("eights_relu_inference", {2, 7, 6, 16}, inference));
    add_row(table, row("groups", {2, 6, 7, 24}, relu, 3));
    add_row(table, row("stem", {2, 8, 6, 16}, plain));
    add_row(table, row("stem_relu", {2, 6, 10, 24}, relu, 3));
    add_row(table, row("stem_relu_inference", {2, 8, 6, 16}, inference));
    add_row(table, row("uneven", {1, 9, 8, 8}, {.activation = Activation::relu, .pool = uneven}));
    add_row(table, row("whole", {3, 5, 4, 8}, {.pool = Pool2dParams{.kernel = {5, 4}}}));
    add_several(table, row("eights_relu", {2, 7, 6, 16}, relu));
    add_several(table, row("stem_relu", {2, 8, 6, 16}, relu));

    const auto refuse = [&](const char* name, const Shape& x, const BatchNormParams& params, bool residual,
                            std::vector<std::string> found) {
        table.bad_calls.push_back(
            {"batch_norm", std::string("batch_norm_pooled_") + name,
             [=] {
                 const Variable input(Tensor::zeros(x), true);
                 const Tensor norm = Tensor::zeros({x[-1]});
                 (void)batch_norm(input, {{norm, norm, norm, norm}}, params, residual ? input : Variable());
             },
             std::move(found)});
    };
    refuse("rank", {9, 5}, relu, false, {"[9, 5]"});
    refuse("residual", {1, 6, 6, 3}, relu, true, {"residual"});
    refuse("silu", {1, 6, 6, 3}, {.activation = Activation::silu, .pool = stem}, false, {"silu"});
    refuse("dropout", {1, 6, 6, 3}, {.dropout = {0.5, {3, 5}, 7}, .pool = stem}, false, {"0.5"});
    refuse("too_small", {1, 1, 4, 3}, {.pool = Pool2dParams{}}, false, {"[1, 1, 4, 3]"});
    refuse("taps", {1, 20, 20, 1}, {.pool = Pool2dParams{.kernel = {15, 17}}}, false, {"15 x 17"});
}

}  // namespace

void add_batch_norm_cases(OpTable& table) {
    const BatchNormParams inference{.training = false};
    add_row(table, {"flat", {9, 5}});
    add_row(table, {"map", {2, 3, 4, 7}});
    add_row(table, {"tail", {2, 5, 3, 21}});
    add_row(table, {"one_channel", {3, 4, 4, 1}});
    add_row(table, {"two_rows", {2, 19}, {}, false, {Draw::Kind::distinct, -2.0, 2.0}, {1e-5, 2e-3}});
    add_row(table, {"flat_inference", {9, 5}, inference});
    add_row(table, {"map_inference", {2, 3, 4, 7}, inference});
    add_row(table, {"one_pixel_inference", {1, 1, 1, 18}, inference});
    add_row(table, {"residual", {2, 3, 4, 7}, {}, true});
    add_row(table, {"residual_inference", {2, 3, 4, 7}, inference, true});
    for (const bool training : {true, false})
        for (const bool residual : {false, true}) {
            const std::string tail =
                std::string(residual ? "_residual" : "") + (training ? "" : "_inference");
            add_row(table, {"relu" + tail,
                            {3, 4, 5, 6},
                            {.training = training, .activation = Activation::relu},
                            residual});
            add_row(table, {"silu" + tail,
                            {3, 4, 5, 6},
                            {.training = training, .activation = Activation::silu},
                            residual});
        }
    add_row(table,
            {"large_mean", {4, 6, 6, 17}, {}, false, {Draw::Kind::uniform, 999.0, 1001.0}, {1e-4, 1e-3}});
    add_row(table, {"eps", {4, 3, 3, 5}, {.eps = 1e-3}});
    add_row(table, {"large", {4, 29, 31, 33}});
    // The normalised part stays within ±3.7, so that this residual keeps every sum away from relu's kink.
    add_row(table, {"large_relu_residual",
                    {3, 27, 31, 64},
                    {.activation = Activation::relu},
                    true,
                    {Draw::Kind::uniform, -1.5, 1.5, 0.1},
                    {},
                    {Draw::Kind::off_zero, 4.0, 5.0}});
    add_row(table, {"large_silu", {3, 27, 31, 48}, {.activation = Activation::silu}});
    add_row(table, {"wide", {3, 5, 5, 1030}});
    add_row(table, {.name = "groups", .x = {3, 4, 5, 24}, .groups = 3});
    add_row(table, {.name = "groups_relu_odd",
                    .x = {3, 4, 5, 10},
                    .params = {.activation = Activation::relu},
                    .draw = {Draw::Kind::distinct, -1.5, 1.5},
                    .groups = 2});
    const BatchNormParams dropped{.activation = Activation::relu, .dropout = {0.4, {3, 5}, 7}};
    add_row(table, {.name = "relu_dropout", .x = {20, 37}, .params = dropped});
    const BatchNormParams only_dropped{.dropout = {0.5, {3, 5}, 7}};
    add_row(table, {.name = "dropout_large", .x = {256, 1000}, .params = only_dropped});
    add_row(table, {.name = "silu_dropout_residual",
                    .x = {5, 3, 2, 8},
                    .params = {.activation = Activation::silu, .dropout = {0.25, {3, 5}, 7}},
                    .residual = true});

    // Shapes that kernels treat apart: channels in eights, whose statistics take one block or many; groups
    // whose bounds lie within eight channels; several tiles of channels; values that do not stay in
    // registers.
    const BatchNormParams relu{.activation = Activation::relu}, silu{.activation = Activation::silu};
    add_row(table, {.name = "eights_relu", .x = {3, 4, 5, 16}, .params = relu});
    add_row(table, {.name = "eights_silu_residual", .x = {3, 4, 5, 16}, .params = silu, .residual = true});
    add_row(table, {.name = "eights_silu_residual_inference",
                    .x = {3, 4, 5, 16},
                    .params = {.training = false, .activation = Activation::silu},
                    .residual = true});
    add_row(table, {.name = "eights_relu_inference",
                    .x = {3, 4, 5, 16},
                    .params = {.training = false, .activation = Activation::relu}});
    add_row(table, {.name = "eights_many_relu", .x = {5, 21, 21, 16}, .params = relu});
    add_row(table,
            {.name = "eights_many_silu_residual", .x = {5, 21, 21, 24}, .params = silu, .residual = true});
    add_row(table, {"eights_many_large_mean",
                    {5, 21, 21, 8},
                    {},
                    false,
                    {Draw::Kind::uniform, 999.0, 1001.0},
                    {1e-4, 1e-3}});
    add_row(table, {.name = "eights_many_groups", .x = {5, 21, 21, 40}, .params = relu, .groups = 2});
    add_row(table, {.name = "eights_many_dropout", .x = {2100, 16}, .params = dropped});
    add_row(table, {.name = "eights_wide", .x = {1, 43, 48, 528}});
    add_row(table, {.name = "eights_rows", .x = {2048, 8}, .params = relu});
    add_row(table, {.name = "odd_rows", .x = {500, 11}, .params = silu});
    add_row(table, {.name = "eight_groups", .x = {40, 56}, .params = relu, .groups = 8});

    add_several(table, {.name = "odd_silu_residual", .x = {3, 4, 5, 6}, .params = silu, .residual = true});
    add_several(table, {.name = "eights_relu", .x = {3, 4, 5, 16}, .params = relu});
    add_several(table, {.name = "eights_inference",
                        .x = {3, 4, 5, 16},
                        .params = {.training = false, .activation = Activation::relu}});
    add_several(table, {.name = "groups", .x = {3, 4, 5, 24}, .groups = 3});
    add_several(
        table, {.name = "eights_many_silu_residual", .x = {5, 21, 21, 16}, .params = silu, .residual = true});
    add_several(table, {.name = "odd_many_relu", .x = {4, 15, 15, 5}, .params = relu});

    add_pooled_cases(table);

    table.bad_calls.push_back(
        {"batch_norm",
         "batch_norm_several_shapes",
         [] {
             const Tensor three = Tensor::zeros({3});
             const BatchNormOperands norm{three, three, three, three};
             (void)batch_norm({Tensor::zeros({4, 3}), Tensor::zeros({5, 3})}, {norm, norm}, {});
         },
         {"input", "[4, 3]", "[5, 3]"}});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_several_norms",
                               [] {
                                   const Tensor three = Tensor::zeros({3});
                                   const BatchNormOperands norm{three, three, three, three};
                                   const Variable x = Tensor::zeros({4, 3});
                                   (void)batch_norm({x, x}, {norm, norm, norm}, {});
                               },
                               {"as many norms for each", "2, 3, 0"}});
    table.bad_calls.push_back(
        {"batch_norm", "batch_norm_weight", call({4, 3}, {2}, {3}), {"weight", "[3]", "[2]"}});
    table.bad_calls.push_back(
        {"batch_norm", "batch_norm_running", call({4, 3}, {3}, {5}), {"running mean", "[3]", "[5]"}});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_residual",
                               call({4, 3}, {3}, {3}, {4, 2}),
                               {"residual", "[4, 3]", "[4, 2]"}});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_groups",
                               [] {
                                   const Tensor two = Tensor::zeros({2});
                                   const BatchNormOperands group{two, two, two, two};
                                   (void)batch_norm(Tensor::zeros({4, 5}), {group, group}, {});
                               },
                               {"groups", "5 channels", "2"}});
    table.bad_calls.push_back({"batch_norm", "batch_norm_rank", call({3}, {3}, {3}), {"[3]"}});
    table.bad_calls.push_back({"batch_norm",
                               "batch_norm_single_value",
                               call({1, 1, 1, 3}, {3}, {3}),
                               {"more than one", "[1, 1, 1, 3]"}});
}

}  // namespace unmask::detail
