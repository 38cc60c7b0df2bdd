// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/layout.h.
#include "engine/ops/cast.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

void add_concat(OpTable& table, const std::string& name, const std::vector<Shape>& shapes, int axis) {
    OpCase row{"concat", "concat_" + name, {}, [axis](const Inputs& in) { return concat(in, axis); }};
    for (size_t i = 0; i < shapes.size(); ++i) row.inputs.push_back({"part" + std::to_string(i), shapes[i]});
    table.cases.push_back(row);
}

void add_slice(OpTable& table, const std::string& name, const Shape& shape, int axis, int64_t begin,
               int64_t end) {
    table.cases.push_back({"slice", "slice_" + name, {{"x", shape}}, [=](const Inputs& in) {
                               return slice(in[0], axis, begin, end);
                           }});
}

// The parts `used`, times 1, 2, …, side by side.
void add_split(OpTable& table, const std::string& name, const Shape& shape, int axis, int64_t count,
               const std::vector<size_t>& used) {
    table.cases.push_back({"split", "split_" + name, {{"x", shape}}, [=](const Inputs& in) {
                               const std::vector<Variable> parts = split(in[0], axis, count);
                               std::vector<Variable> chosen;
                               for (size_t i = 0; i < used.size(); ++i)
                                   chosen.push_back(affine(parts[used[i]], static_cast<double>(i + 1)));
                               return concat(chosen, axis);
                           }});
}

void add_permute(OpTable& table, const std::string& name, const Shape& shape, const std::vector<int>& order) {
    table.cases.push_back({"permute", "permute_" + name, {{"x", shape}}, [order](const Inputs& in) {
                               return permute(in[0], order);
                           }});
}

}  // namespace

void add_layout_cases(OpTable& table) {
    // Values that bf16 holds exactly; on their way back gradients are rounded to it.
    table.cases.push_back({"cast",
                           "cast_to_bf16_and_back",
                           {{"x", {7, 9}, {Draw::Kind::distinct, -1.0, 0.96875}}},
                           [](const Inputs& in) {
                               const DType between = in[0].dtype() == DType::f64 ? DType::f64 : DType::bf16;
                               return cast(cast(in[0], between), in[0].dtype());
                           },
                           {0.0, 4e-3}});
    table.bad_calls.push_back(
        {"cast", "cast_labels", [] { (void)cast(Tensor::zeros({3}, DType::i64), DType::f32); }, {"i64"}});

    table.cases.push_back({"reshape", "reshape", {{"x", {3, 4, 5}}}, [](const Inputs& in) {
                               return reshape(in[0], {12, 5});
                           }});
    table.bad_calls.push_back({"reshape",
                               "reshape_size",
                               [] {
                                   (void)reshape(Tensor::zeros({2, 3}), {7});
                               },
                               {"6", "[7]"}});

    add_concat(table, "rows", {{2, 5}, {3, 5}}, 0);
    add_concat(table, "channels", {{2, 3, 3, 4}, {2, 3, 3, 1}, {2, 3, 3, 18}}, -1);
    add_concat(table, "middle", {{2, 3, 4}, {2, 1, 4}}, 1);
    add_concat(table, "single", {{2, 3}}, 0);
    add_concat(table, "empty_part", {{2, 3}, {0, 3}}, 0);
    add_concat(table, "large", {{3, 31, 29, 24}, {3, 31, 29, 40}}, -1);
    table.bad_calls.push_back({"concat",
                               "concat_shapes",
                               [] {
                                   (void)concat({Tensor::zeros({2, 3}), Tensor::zeros({3, 3})}, 1);
                               },
                               {"[2, 3]", "[3, 3]"}});
    table.bad_calls.push_back({"concat", "concat_nothing", [] { (void)concat({}, 0); }, {"none"}});
    table.bad_calls.push_back({"concat",
                               "concat_axis",
                               [] {
                                   (void)concat({Tensor::zeros({2, 3})}, 2);
                               },
                               {"2"}});

    add_slice(table, "rows", {5, 3}, 0, 1, 4);
    add_slice(table, "channels", {2, 3, 3, 9}, -1, 2, 7);
    add_slice(table, "middle", {2, 6, 4}, 1, 5, 6);
    add_slice(table, "nothing", {4, 3}, 0, 2, 2);
    add_slice(table, "packs", {5, 32}, 1, 8, 24);
    add_slice(table, "large", {3, 40, 41, 33}, 2, 3, 38);
    table.bad_calls.push_back({"slice",
                               "slice_range",
                               [] {
                                   (void)slice(Tensor::zeros({2, 3}), 1, 1, 4);
                               },
                               {"[2, 3]", "[1, 4)"}});

    add_split(table, "rows", {6, 5}, 0, 3, {0, 1, 2});
    add_split(table, "channels", {2, 3, 3, 8}, -1, 4, {3, 0, 2, 1});
    add_split(table, "middle", {2, 6, 4}, 1, 2, {1, 0});
    add_split(table, "single", {4, 3}, 0, 1, {0});
    add_split(table, "first_unused", {6, 5}, 0, 3, {1, 2});
    add_split(table, "last_used", {3, 9}, 1, 3, {2});
    add_split(table, "part_used_twice", {6, 5}, 0, 3, {1, 2, 1});
    add_split(table, "large", {64, 1, 33, 40}, 0, 4, {2, 0, 1, 3});
    table.bad_calls.push_back({"split",
                               "split_parts",
                               [] {
                                   (void)split(Tensor::zeros({2, 5}), 1, 2);
                               },
                               {"[2, 5]", "2"}});

    add_permute(table, "matrix", {5, 19}, {1, 0});
    add_permute(table, "nhwc_to_nchw", {2, 3, 4, 5}, {0, 3, 1, 2});
    add_permute(table, "nchw_to_nhwc", {2, 5, 3, 4}, {0, 2, 3, 1});
    add_permute(table, "outer", {2, 3, 4, 5}, {1, 0, 2, 3});
    add_permute(table, "reversed", {2, 3, 4, 5}, {3, 2, 1, 0});
    add_permute(table, "same", {3, 4}, {0, 1});
    add_permute(table, "ones", {1, 4, 1, 3}, {2, 3, 0, 1});
    add_permute(table, "outer_packs", {3, 5, 16}, {1, 0, 2});
    add_permute(table, "inner_pairs", {3, 5, 6}, {1, 0, 2});
    add_permute(table, "four_batches", {2, 9, 3, 8, 11}, {0, 4, 2, 1, 3});
    add_permute(table, "six", {2, 9, 3, 2, 8, 2}, {4, 5, 1, 2, 0, 3});
    table.cases.push_back(
        {"permute", "permute_view", {{"x", {9, 9}, {}, false}}, [](const Inputs& in) {
             const Variable view(in[0].value().rows(1, 9).reshape({3, 3, 8}));
             return concat({reshape(permute(view, {1, 0, 2}), {72}), reshape(permute(view, {2, 0, 1}), {72})},
                           0);
         }});
    add_permute(table, "large", {3, 37, 41, 23}, {0, 3, 1, 2});
    table.bad_calls.push_back({"permute",
                               "permute_twice",
                               [] {
                                   (void)permute(Tensor::zeros({2, 3}), {0, 0});
                               },
                               {"[2, 3]"}});
    table.bad_calls.push_back({"permute",
                               "permute_short",
                               [] {
                                   (void)permute(Tensor::zeros({2, 3}), {1});
                               },
                               {"[2, 3]"}});

    table.cases.push_back(
        {"transpose", "transpose", {{"x", {7, 18}}}, [](const Inputs& in) { return transpose(in[0]); }});
    table.cases.push_back({"transpose", "transpose_batched", {{"x", {3, 4, 5}}}, [](const Inputs& in) {
                               return transpose(in[0]);
                           }});
    table.bad_calls.push_back(
        {"transpose", "transpose_vector", [] { (void)transpose(Tensor::zeros({2})); }, {"[2]"}});
}

}  // namespace unmask::detail
