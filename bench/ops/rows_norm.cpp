// SPDX-License-Identifier: Apache-2.0
// Batch norm, squeeze-and-excitation, pooling and resizing.
#include <fmt/format.h>

#include "bench/ops/op_rows.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/channel_gate.h"
#include "engine/ops/channel_scale.h"
#include "engine/ops/matmul.h"
#include "engine/ops/pool.h"
#include "engine/ops/resize.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

const Pool2dParams stem_pool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};

void add_batch_norm(std::vector<OpRow>& rows, const Shape& x, bool residual, bool pools = false) {
    const Shape channels{x[-1]};
    BatchNormParams params{.activation = Activation::relu};
    if (pools) params.pool = stem_pool;
    OpCase op_case{"batch_norm",
                   fmt::format("batch_norm_{}x{}x{}_relu{}{}", x[0], x[1], x[-1], residual ? "_residual" : "",
                               pools ? "_pooled" : ""),
                   {{"x", x}, {"weight", channels}, {"bias", channels}},
                   [params](const Inputs& in) {
                       const Shape& size = in[1].shape();
                       return batch_norm(in[0], in[1], in[2], Tensor::zeros(size), Tensor::full(size, 1.0),
                                         params, in.size() > 3 ? in[3] : Variable());
                   }};
    if (residual) op_case.inputs.push_back({"residual", x});
    rows.push_back({std::move(op_case)});
}

template <class Run>
void add_map(std::vector<OpRow>& rows, const std::string& op, const Shape& x, Run run) {
    rows.push_back({{op, fmt::format("{}_{}x{}x{}", op, x[0], x[1], x[-1]), {{"x", x}}, run}});
}

}  // namespace

void add_norm_rows(std::vector<OpRow>& rows) {
    for (const Shape& x :
         {Shape{8, 112, 112, 64}, Shape{8, 56, 56, 64}, Shape{8, 14, 14, 256}, Shape{8, 7, 7, 512}}) {
        add_batch_norm(rows, x, false);
        add_batch_norm(rows, x, true);
    }
    add_batch_norm(rows, {8, 112, 112, 64}, false, true);
    add_batch_norm(rows, {32, 512}, false);
    rows.push_back(
        {{"gated", "gated_8x28x240", {{"x", {8, 28, 28, 240}}, {"weight", {240, 240}}}, [](const Inputs& in) {
              return gated(in[0], [&](const Variable& means) { return sigmoid(matmul(means, in[1])); });
          }}});
    rows.push_back({{"batch_norm",
                     "batch_norm_8x28x240_silu_gated",
                     {{"x", {8, 28, 28, 240}}, {"weight", {240}}, {"bias", {240}}, {"gate", {240, 240}}},
                     [](const Inputs& in) {
                         const Tensor zeros = Tensor::zeros({240}), ones = Tensor::full({240}, 1.0);
                         const ChannelGate gate = [&](const Variable& means) {
                             return sigmoid(matmul(means, in[3]));
                         };
                         return batch_norm({in[0]}, {{in[1], in[2], zeros, ones}},
                                           {.activation = Activation::silu}, {}, {gate})
                             .front();
                     }}});
    rows.push_back({{"channel_scale",
                     "channel_scale_8x28x240",
                     {{"x", {8, 28, 28, 240}}, {"scale", {8, 240}}},
                     [](const Inputs& in) { return channel_scale(in[0], in[1]); }}});
    add_map(rows, "max_pool2d", {8, 112, 112, 64},
            [](const Inputs& in) { return max_pool2d(in[0], stem_pool); });
    add_map(rows, "average_pool2d", {8, 56, 56, 64},
            [](const Inputs& in) { return average_pool2d(in[0], {}); });
    add_map(rows, "adaptive_average_pool2d", {8, 14, 14, 256},
            [](const Inputs& in) { return adaptive_average_pool2d(in[0], 7, 7); });
    add_map(rows, "global_average_pool", {8, 7, 7, 512},
            [](const Inputs& in) { return global_average_pool(in[0]); });
    add_map(rows, "resize_bilinear", {8, 7, 7, 512},
            [](const Inputs& in) { return resize_bilinear(in[0], 28, 28); });
}

}  // namespace unmask::detail
