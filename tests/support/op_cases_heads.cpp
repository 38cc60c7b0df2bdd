// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/leave_one_out_linear.h.
#include "engine/ops/leave_one_out_linear.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

Variable call(const Inputs& in) {
    const size_t heads = (in.size() - 1) / 2;
    return leave_one_out_linear(in[0], {in.begin() + 1, in.begin() + 1 + static_cast<std::ptrdiff_t>(heads)},
                                {in.begin() + 1 + static_cast<std::ptrdiff_t>(heads), in.end()});
}

// Features (a constant where they are frozen), weights and biases of the joint and the leave-one-out heads.
std::vector<OpInput> inputs(int64_t rows, int64_t branches, int64_t size, int64_t classes,
                            bool frozen = false) {
    std::vector<OpInput> result{{"z", {rows, branches * size}, {}, !frozen}};
    const int64_t heads = branches > 1 ? branches + 1 : 1;
    for (int64_t h = 0; h < heads; ++h)
        result.push_back(
            {"weight" + std::to_string(h), {classes, (h == 0 ? branches : branches - 1) * size}});
    for (int64_t h = 0; h < heads; ++h) result.push_back({"bias" + std::to_string(h), {classes}});
    return result;
}

void add(OpTable& table, const std::string& name, const std::vector<OpInput>& in) {
    table.cases.push_back({"leave_one_out_linear", "leave_one_out_linear_" + name, in, &call});
}

void add_bad(OpTable& table, const std::string& name, const std::vector<Shape>& weights,
             const std::vector<Shape>& biases, const std::vector<std::string>& found) {
    table.bad_calls.push_back({"leave_one_out_linear", "leave_one_out_linear_" + name,
                               [=] {
                                   Inputs in{Tensor::zeros({2, 6})};
                                   for (const Shape& shape : weights) in.emplace_back(Tensor::zeros(shape));
                                   for (const Shape& shape : biases) in.emplace_back(Tensor::zeros(shape));
                                   (void)call(in);
                               },
                               found});
}

}  // namespace

void add_leave_one_out_linear_cases(OpTable& table) {
    add(table, "four_branches", inputs(5, 4, 6, 2));
    add(table, "two_branches", inputs(3, 2, 7, 2));
    add(table, "one_branch", inputs(4, 1, 9, 2));
    add(table, "eight_branches", inputs(2, 8, 3, 8));
    add(table, "three_classes", inputs(6, 3, 4, 3));
    add(table, "one_class", inputs(6, 3, 5, 1));
    add(table, "frozen_features", inputs(5, 4, 6, 2, true));
    add(table, "no_rows", inputs(0, 2, 3, 2));
    add(table, "many_rows", inputs(1031, 2, 5, 2));  // several tiles for each part of the sums
    add(table, "large", inputs(66, 4, 130, 2));
    add_bad(table, "two_heads", {{2, 6}, {2, 3}}, {{2}, {2}}, {"2 weights"});
    add_bad(table, "weight", {{2, 6}, {2, 3}, {2, 4}}, {{2}, {2}, {2}}, {"weight 2", "[2, 3]", "[2, 4]"});
    add_bad(table, "bias", {{2, 6}, {2, 3}, {2, 3}}, {{2}, {2}, {3}}, {"bias 2", "[2]", "[3]"});
    add_bad(table, "branches", {{2, 6}, {2, 5}, {2, 5}, {2, 5}, {2, 5}}, {{2}, {2}, {2}, {2}, {2}},
            {"4 branches", "[2, 6]"});
    add_bad(table, "classes", {{9, 6}}, {{9}}, {"1 to 8", "[9, 6]"});
}

}  // namespace unmask::detail
