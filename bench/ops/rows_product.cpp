// SPDX-License-Identifier: Apache-2.0
// Matrix products: fusion, heads, and square ones as a measure of the product itself.
#include <fmt/format.h>

#include "bench/ops/op_rows.h"
#include "engine/ops/leave_one_out_linear.h"
#include "engine/ops/matmul.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

void add_heads(std::vector<OpRow>& rows, int64_t batch, int64_t branches, int64_t features) {
    OpCase op_case{"leave_one_out_linear",
                   fmt::format("leave_one_out_linear_{}x{}_batch{}", branches, features, batch),
                   {{"z", {batch, branches * features}}},
                   [branches](const Inputs& in) {
                       const auto first = in.begin() + 1;
                       return leave_one_out_linear(in[0], {first, first + branches + 1},
                                                   {first + branches + 1, in.end()});
                   }};
    for (int64_t head = 0; head <= branches; ++head) {
        const int64_t width = (head == 0 ? branches : branches - 1) * features;
        op_case.inputs.push_back({fmt::format("weight{}", head), {2, width}});
    }
    for (int64_t head = 0; head <= branches; ++head)
        op_case.inputs.push_back({fmt::format("bias{}", head), {2}});
    rows.push_back({std::move(op_case)});
}

}  // namespace

void add_product_rows(std::vector<OpRow>& rows) {
    for (const int64_t size : {256, 1024}) {
        rows.push_back({{"matmul",
                         fmt::format("matmul_{}", size),
                         {{"a", {size, size}}, {"b", {size, size}}},
                         [](const Inputs& in) { return matmul(in[0], in[1]); }}});
    }
    for (const int64_t batch : {1, 8, 64}) {
        rows.push_back({{"linear",
                         fmt::format("linear_2048to512_batch{}", batch),
                         {{"x", {batch, 2048}}, {"weight", {512, 2048}}, {"bias", {512}}},
                         [](const Inputs& in) { return linear(in[0], in[1], in[2]); }}});
        rows.push_back({{"linear_fused",
                         fmt::format("linear_fused_2048to512_batch{}", batch),
                         {{"x", {batch, 2048}, {}, false},
                          {"weight", {512, 2048}, {}, false},
                          {"bias", {512}, {}, false}},
                         [](const Inputs& in) {
                             return Variable(
                                 linear_fused(in[0].value(), in[1].value(), in[2].value(), Activation::relu));
                         }}});
    }
    add_heads(rows, 32, 4, 512);
}

}  // namespace unmask::detail
