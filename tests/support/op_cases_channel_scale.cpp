// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/channel_scale.h.
#include "engine/ops/cast.h"
#include "engine/ops/channel_scale.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

OpCase row(const std::string& name, const Shape& x) {
    return {
        "channel_scale", "channel_scale_" + name, {{"x", x}, {"scale", {x[0], x[3]}}}, [](const Inputs& in) {
            return channel_scale(in[0], in[1]);
        }};
}

std::function<void()> call(const Shape& x, const Shape& scale, DType scale_dtype = DType::f32) {
    return [=] { (void)channel_scale(Tensor::zeros(x), Tensor::zeros(scale, scale_dtype)); };
}

}  // namespace

void add_channel_scale_cases(OpTable& table) {
    const auto add = [&table](const std::string& name, const Shape& x) {
        table.cases.push_back(row(name, x));
    };
    add("basic", {2, 3, 4, 5});
    add("eights", {3, 5, 4, 16});
    add("fours", {3, 5, 4, 12});
    add("one_pixel", {4, 1, 1, 24});
    add("one_channel", {2, 9, 7, 1});
    add("tiles", {2, 3, 3, 1032});
    add("large", {2, 41, 43, 40});
    add("large_odd", {1, 41, 43, 33});
    // The scale stays in float32 where x is bf16.
    OpCase mixed = row("mixed", {3, 5, 4, 16});
    mixed.run = [](const Inputs& in) {
        return channel_scale(in[0], in[1].dtype() == DType::bf16 ? cast(in[1], DType::f32) : in[1]);
    };
    table.cases.push_back(mixed);
    OpCase fixed = row("fixed_scale", {2, 3, 4, 8});
    fixed.inputs[1].differentiable = false;
    table.cases.push_back(fixed);
    OpCase constant = row("fixed_input", {2, 3, 4, 8});
    constant.inputs[0].differentiable = false;
    table.cases.push_back(constant);

    table.bad_calls.push_back(
        {"channel_scale", "channel_scale_rank", call({2, 3, 4}, {2, 4}), {"input", "[2, 3, 4]"}});
    table.bad_calls.push_back(
        {"channel_scale", "channel_scale_shape", call({2, 3, 3, 4}, {2, 5}), {"scale", "[2, 4]", "[2, 5]"}});
    table.bad_calls.push_back({"channel_scale",
                               "channel_scale_dtype",
                               call({2, 3, 3, 4}, {2, 4}, DType::f64),
                               {"scale", "f32", "f64"}});
}

}  // namespace unmask::detail
