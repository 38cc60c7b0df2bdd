// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/conv2d.h.
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Row {
    std::string name;
    Shape x, weight;
    Conv2dOptions options{};
    bool bias = false;
};

void add_row(OpTable& table, const Row& row) {
    OpCase op_case{"conv2d",
                   "conv2d_" + row.name,
                   {{"x", row.x}, {"weight", row.weight}},
                   [options = row.options](const Inputs& in) {
                       return conv2d(in[0], in[1], in.size() > 2 ? in[2] : Variable(), options);
                   }};
    if (row.bias) op_case.inputs.push_back({"bias", {row.weight[0]}});
    table.cases.push_back(op_case);
}

// x feeds two convolutions, so that the gradient of one is added to the other's.
void add_twice(OpTable& table, const Row& row) {
    table.cases.push_back({"conv2d",
                           "conv2d_twice_" + row.name,
                           {{"x", row.x}, {"weight", row.weight}, {"weight2", row.weight}},
                           [options = row.options](const Inputs& in) {
                               return conv2d(in[0], in[1], {}, options) + conv2d(in[0], in[2], {}, options);
                           }});
}

struct FusedRow {
    std::string name;
    Shape x, weight, y;
    Conv2dOptions options{};
    Activation activation = Activation::none;
    bool bias = true, residual = true;
};

// Nothing is recorded, so nothing is differentiable.
void add_fused(OpTable& table, const FusedRow& row) {
    OpCase op_case{"conv2d_fused",
                   "conv2d_fused_" + row.name,
                   {{"x", row.x, {}, false}, {"weight", row.weight, {}, false}},
                   nullptr};
    if (row.bias) op_case.inputs.push_back({"bias", {row.weight[0]}, {}, false});
    if (row.residual) op_case.inputs.push_back({"residual", row.y, {}, false});
    op_case.run = [row](const Inputs& in) {
        const Tensor bias = row.bias ? in[2].value() : Tensor();
        const Tensor residual = row.residual ? in.back().value() : Tensor();
        return Variable(
            conv2d_fused(in[0].value(), in[1].value(), bias, residual, row.options, row.activation));
    };
    table.cases.push_back(op_case);
}

void add_dense_rows(OpTable& table) {
    add_row(table, {"basic", {2, 5, 6, 3}, {4, 3, 3, 3}});
    add_twice(table, {"basic", {2, 5, 6, 3}, {4, 3, 3, 3}});
    add_twice(table, {"pointwise_stride", {2, 5, 5, 6}, {7, 1, 1, 6}, {.stride = {2, 2}}});
    add_twice(table, {"large", {2, 14, 14, 16}, {16, 3, 3, 16}, {.padding = {1, 1}}});
    add_twice(table, {"depthwise", {2, 6, 7, 5}, {5, 3, 3, 1}, {.padding = {1, 1}, .groups = 5}});
    add_row(table, {"bias", {2, 5, 6, 3}, {4, 3, 3, 3}, {.padding = {1, 1}}, true});
    add_row(table, {"pointwise", {2, 4, 5, 6}, {7, 1, 1, 6}, {}, true});
    add_row(table, {"pointwise_stride", {2, 5, 5, 6}, {7, 1, 1, 6}, {.stride = {2, 2}}});
    add_row(table, {"pointwise_padding", {1, 3, 3, 4}, {5, 1, 1, 4}, {.padding = {1, 1}}, true});
    add_row(table, {"stride", {2, 7, 8, 3}, {5, 3, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}});
    add_row(table, {"stride_uneven", {1, 9, 8, 3}, {4, 3, 3, 3}, {.stride = {3, 2}, .padding = {1, 0}}});
    add_row(table, {"stride_beyond_kernel", {1, 9, 10, 3}, {4, 2, 2, 3}, {.stride = {4, 3}}});
    add_row(table, {"dilation", {1, 9, 9, 3}, {4, 3, 3, 3}, {.padding = {2, 2}, .dilation = {2, 2}}});
    add_row(table, {"dilation_uneven", {1, 10, 9, 2}, {3, 2, 3, 2}, {.padding = {1, 2}, .dilation = {3, 2}}});
    add_row(table, {"dilation_stride",
                    {1, 11, 10, 3},
                    {4, 3, 3, 3},
                    {.stride = {2, 2}, .padding = {2, 2}, .dilation = {2, 2}}});
    add_row(table, {"kernel_uneven", {2, 6, 7, 3}, {4, 1, 5, 3}, {.padding = {0, 2}}});
    add_row(table, {"kernel_even", {2, 6, 7, 3}, {4, 2, 4, 3}, {.padding = {1, 2}}});
    add_row(table, {"same", {2, 6, 7, 3}, {4, 3, 3, 3}, {.same_padding = true}});
    add_row(table, {"same_stride", {2, 6, 7, 3}, {4, 3, 3, 3}, {.stride = {2, 2}, .same_padding = true}});
    add_row(table,
            {"same_stride_even", {1, 8, 8, 3}, {4, 3, 3, 3}, {.stride = {2, 2}, .same_padding = true}});
    add_row(table,
            {"same_stride_five", {1, 8, 9, 3}, {4, 5, 5, 3}, {.stride = {2, 2}, .same_padding = true}});
    add_row(table, {"one_pixel", {3, 1, 1, 5}, {4, 3, 3, 5}, {.padding = {1, 1}}, true});
    add_row(table, {"whole_map", {2, 4, 3, 5}, {6, 4, 3, 5}, {}, true});
    add_row(table, {"wide_padding", {1, 3, 3, 2}, {3, 3, 3, 2}, {.padding = {3, 4}}});
    add_row(table, {"one_channel", {2, 5, 5, 1}, {1, 3, 3, 1}, {.padding = {1, 1}}});
    add_row(table, {"stem", {1, 17, 19, 3}, {16, 7, 7, 3}, {.stride = {2, 2}, .padding = {3, 3}}});
    add_row(table, {"stem_large", {2, 45, 47, 3}, {32, 7, 7, 3}, {.stride = {2, 2}, .padding = {3, 3}}});
    add_row(table, {"channels_tail", {1, 5, 5, 37}, {45, 3, 3, 37}, {.padding = {1, 1}}, true});
    add_row(table, {"large", {2, 14, 15, 64}, {70, 3, 3, 64}, {.padding = {1, 1}}, true});
    add_row(table, {"large_stride", {2, 15, 14, 64}, {64, 3, 3, 64}, {.stride = {2, 2}, .padding = {1, 1}}});
    add_row(table, {"large_channels", {1, 7, 7, 300}, {130, 3, 3, 300}, {.padding = {1, 1}}});
    add_row(table, {"large_pointwise", {2, 14, 14, 130}, {90, 1, 1, 130}, {}, true});
    add_row(table, {"narrow_shortcut", {4, 48, 48, 8}, {16, 1, 1, 8}, {.stride = {2, 2}}});
    add_row(table, {"large_shortcut", {2, 15, 15, 64}, {96, 1, 1, 64}, {.stride = {2, 2}}});
}

void add_grouped_rows(OpTable& table) {
    add_row(table, {"groups", {2, 5, 6, 6}, {8, 3, 3, 3}, {.padding = {1, 1}, .groups = 2}, true});
    add_row(
        table,
        {"groups_stride", {1, 7, 6, 6}, {9, 3, 3, 2}, {.stride = {2, 2}, .padding = {1, 1}, .groups = 3}});
    add_row(table, {"groups_pointwise", {2, 3, 4, 8}, {12, 1, 1, 2}, {.groups = 4}});
    add_row(table, {"groups_dilation",
                    {1, 8, 8, 4},
                    {4, 3, 3, 2},
                    {.padding = {2, 2}, .dilation = {2, 2}, .groups = 2}});
    add_row(table, {"groups_multiplier", {1, 5, 5, 4}, {8, 3, 3, 1}, {.padding = {1, 1}, .groups = 4}, true});
    add_row(table, {"groups_large", {2, 13, 14, 48}, {64, 3, 3, 12}, {.padding = {1, 1}, .groups = 4}});
    add_row(table, {"depthwise", {2, 5, 6, 5}, {5, 3, 3, 1}, {.padding = {1, 1}, .groups = 5}, true});
    add_row(
        table,
        {"depthwise_stride", {2, 7, 6, 5}, {5, 3, 3, 1}, {.stride = {2, 2}, .padding = {1, 1}, .groups = 5}});
    add_row(table, {"depthwise_five", {1, 7, 8, 18}, {18, 5, 5, 1}, {.padding = {2, 2}, .groups = 18}});
    // More channels than a block of one thread for each channel and row of taps would hold.
    add_row(table, {"depthwise_five_tail", {1, 6, 7, 61}, {61, 5, 5, 1}, {.padding = {2, 2}, .groups = 61}});
    add_row(table, {"depthwise_five_stride",
                    {1, 9, 8, 18},
                    {18, 5, 5, 1},
                    {.stride = {2, 2}, .groups = 18, .same_padding = true}});
    add_row(table, {"depthwise_dilation",
                    {1, 9, 8, 6},
                    {6, 3, 3, 1},
                    {.padding = {2, 2}, .dilation = {2, 2}, .groups = 6}});
    add_row(table,
            {"depthwise_kernel_uneven", {1, 5, 6, 6}, {6, 1, 4, 1}, {.padding = {0, 1}, .groups = 6}, true});
    add_row(table, {"depthwise_one_pixel", {2, 1, 1, 20}, {20, 3, 3, 1}, {.padding = {1, 1}, .groups = 20}});
    add_row(table,
            {"depthwise_stride_beyond_kernel", {1, 9, 9, 4}, {4, 2, 2, 1}, {.stride = {3, 4}, .groups = 4}});
    add_row(table,
            {"depthwise_large", {2, 29, 31, 83}, {83, 3, 3, 1}, {.padding = {1, 1}, .groups = 83}, true});
    // Shapes that the GPU's kernels treat apart: channels in fours, several tiles of them, strips that end
    // early, odd padding on one side, odd and even rows at stride 2, any stride.
    const auto fours = [&table](const std::string& name, const Shape& x, int64_t taps,
                                Conv2dOptions options) {
        options.groups = static_cast<int>(x[3]);
        add_row(table, {"depthwise_fours" + name, x, {x[3], taps, taps, 1}, options});
    };
    fours("", {2, 9, 10, 12}, 3, {.padding = {1, 1}});
    fours("_valid", {2, 9, 10, 12}, 3, {});
    fours("_wide_padding", {1, 4, 3, 4}, 3, {.padding = {3, 4}});
    fours("_five", {2, 9, 16, 12}, 5, {.padding = {2, 2}});
    fours("_stride", {2, 9, 11, 12}, 3, {.stride = {2, 2}, .padding = {1, 1}});
    fours("_stride_valid", {1, 12, 19, 4}, 3, {.stride = {2, 2}});
    fours("_stride_same", {2, 10, 18, 12}, 3, {.stride = {2, 2}, .same_padding = true});
    fours("_five_stride", {1, 11, 17, 12}, 5, {.stride = {2, 2}, .padding = {2, 2}});
    fours("_five_stride_same", {1, 12, 18, 12}, 5, {.stride = {2, 2}, .same_padding = true});
    fours("_any_stride", {2, 9, 10, 12}, 3, {.stride = {3, 2}, .padding = {1, 1}});
    fours("_five_any_stride", {1, 13, 9, 12}, 5, {.stride = {1, 3}, .padding = {2, 1}});
    fours("_tiles", {1, 15, 15, 148}, 3, {.padding = {1, 1}});
    fours("_tiles_five_stride", {1, 9, 9, 76}, 5, {.stride = {2, 2}, .padding = {2, 2}});
    add_row(table, {"depthwise_large_stride",
                    {2, 29, 31, 64},
                    {64, 3, 3, 1},
                    {.stride = {2, 2}, .padding = {1, 1}, .groups = 64}});
}

void add_fused_rows(OpTable& table) {
    const Shape x{2, 6, 7, 5}, weight{9, 3, 3, 5}, y{2, 6, 7, 9};
    const Conv2dOptions padded{.padding = {1, 1}};
    add_fused(table, {"plain", x, weight, y, padded, Activation::none, false, false});
    add_fused(table, {"bias", x, weight, y, padded, Activation::none, true, false});
    add_fused(table, {"relu", x, weight, y, padded, Activation::relu, true, false});
    add_fused(table, {"silu", x, weight, y, padded, Activation::silu, true, false});
    add_fused(table, {"residual", x, weight, y, padded, Activation::none});
    add_fused(table, {"residual_relu", x, weight, y, padded, Activation::relu});
    add_fused(table, {"residual_silu", x, weight, y, padded, Activation::silu});
    add_fused(table, {"residual_alone", x, weight, y, padded, Activation::relu, false, true});
    add_fused(table, {"pointwise", x, {9, 1, 1, 5}, y, {}, Activation::relu});
    add_fused(table, {"groups",
                      {2, 5, 5, 6},
                      {8, 3, 3, 3},
                      {2, 5, 5, 8},
                      {.padding = {1, 1}, .groups = 2},
                      Activation::relu});
    add_fused(table, {"depthwise",
                      {2, 5, 5, 21},
                      {21, 3, 3, 1},
                      {2, 5, 5, 21},
                      {.padding = {1, 1}, .groups = 21},
                      Activation::silu});
    for (const auto activation : {Activation::none, Activation::relu, Activation::silu})
        add_fused(table, {"depthwise_fours_" + std::to_string(static_cast<int>(activation)),
                          {2, 6, 5, 12},
                          {12, 5, 5, 1},
                          {2, 3, 3, 12},
                          {.stride = {2, 2}, .groups = 12, .same_padding = true},
                          activation});
    add_fused(table, {"eights", {2, 5, 5, 6}, {16, 3, 3, 6}, {2, 5, 5, 16}, padded, Activation::silu});
    add_fused(table, {"large", {2, 14, 15, 80}, {70, 3, 3, 80}, {2, 14, 15, 70}, padded, Activation::relu});
}

std::function<void()> call(const Shape& x, const Shape& weight, const Conv2dOptions& options = {}) {
    return [=] { (void)conv2d(Tensor::zeros(x), Tensor::zeros(weight), {}, options); };
}

}  // namespace

void add_conv2d_cases(OpTable& table) {
    add_dense_rows(table);
    add_grouped_rows(table);
    add_fused_rows(table);
    const auto refuse = [&table](const std::string& name, std::function<void()> bad,
                                 std::vector<std::string> found) {
        table.bad_calls.push_back({"conv2d", "conv2d_" + name, std::move(bad), std::move(found)});
    };
    refuse("rank", call({5, 5, 3}, {4, 3, 3, 3}), {"input", "[5, 5, 3]"});
    refuse("weight_rank", call({1, 5, 5, 3}, {4, 3, 3}), {"weight", "[4, 3, 3]"});
    refuse("channels", call({1, 5, 5, 3}, {4, 3, 3, 5}), {"5 channels", "[1, 5, 5, 3]"});
    refuse("groups", call({1, 5, 5, 6}, {4, 3, 3, 2}, {.groups = 2}), {"4 channels", "[1, 5, 5, 6]"});
    refuse("out_channels", call({1, 5, 5, 6}, {5, 3, 3, 3}, {.groups = 2}), {"2 groups", "[5, 3, 3, 3]"});
    refuse("too_small", call({1, 2, 5, 3}, {4, 3, 3, 3}), {"[1, 2, 5, 3]", "[4, 3, 3, 3]"});
    refuse("stride", call({1, 5, 5, 3}, {4, 3, 3, 3}, {.stride = {0, 1}}), {"positive", "0"});
    refuse("bias",
           [] {
               (void)conv2d(Tensor::zeros({1, 5, 5, 3}), Tensor::zeros({4, 3, 3, 3}), Tensor::zeros({3}));
           },
           {"bias", "[4]", "[3]"});
    refuse("residual",
           [] {
               (void)conv2d_fused(Tensor::zeros({1, 5, 5, 3}), Tensor::zeros({4, 3, 3, 3}), {},
                                  Tensor::zeros({1, 5, 5, 4}), {}, Activation::relu);
           },
           {"residual", "[1, 3, 3, 4]", "[1, 5, 5, 4]"});
}

}  // namespace unmask::detail
