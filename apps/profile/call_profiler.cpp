// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/call_profiler.h"

#include <fmt/ranges.h>

#include "engine/ops/accumulate.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/matmul.h"

namespace unmask {
namespace {

std::string text_of(const Shape& shape) {
    return shape.rank() == 0 ? "scalar" : fmt::format("{}", fmt::join(shape.begin(), shape.end(), "x"));
}

// "8x56x56x64 3x3 to 8x28x28x128": input, window, result. groups shows in the weight's channels.
std::string conv2d_text(const Conv2dShapes& conv) {
    const bool grouped = conv.weight[3] != conv.x[3];
    return fmt::format("{} {}x{}{} to {}", text_of(conv.x), conv.weight[1], conv.weight[2],
                       grouped ? fmt::format(" in groups of {}", conv.weight[3]) : "", text_of(conv.y));
}

std::string shape_text(const KernelCall& call, const std::vector<Tensor>& tensors) {
    if (const auto conv = conv2d_shapes(call)) return conv2d_text(*conv);
    if (const auto* arguments = call.of(matmul_forward)) {
        const auto& [a, b, bias, y, params] = *arguments;
        return fmt::format("{} times {} to {}", text_of(a.shape()), text_of(b.shape()), text_of(y.shape()));
    }
    if (const auto* arguments = call.of(accumulate_gradients))
        return fmt::format("{} gradients", std::get<1>(*arguments).size());
    size_t branches = 1;
    if (const auto* arguments = call.of(batch_norm_forward)) branches = std::get<1>(*arguments).size();
    if (const auto* arguments = call.of(batch_norm_backward)) branches = std::get<1>(*arguments).size();
    if (const auto* arguments = call.of(batch_norm_gate_forward)) branches = std::get<1>(*arguments).size();
    if (const auto* arguments = call.of(batch_norm_gate_backward)) branches = std::get<1>(*arguments).size();
    const std::string first = tensors.empty() ? "" : text_of(tensors.front().shape());
    return branches > 1 ? fmt::format("{} x {}", branches, first) : first;
}

// What forward and backward have in common: "max_pool2d" of "max_pool2d_backward".
std::string op_of(std::string kernel) {
    for (const std::string direction : {"_forward", "_backward"})
        if (kernel.ends_with(direction)) kernel.resize(kernel.size() - direction.size());
    return kernel;
}

}  // namespace

void CallLister::called(const KernelCall& call) {
    if (depth_++ > 0) return;
    std::vector<Tensor> tensors;
    each_tensor(call, [&tensors](const Tensor& tensor) { tensors.push_back(tensor); });
    CallDescription result{
        .kernel = call.name(), .pass = pass_, .shape = shape_text(call, tensors), .work = work_of(call)};
    // A weight's gradient is computed into memory that no parameter has, but for an op that has one.
    const std::set<std::string> layers = names_.of(tensors);
    result.layer = layers.empty() ? node_layer_ : common_name(layers);
    if (result.layer.empty()) result.layer = op_of(result.kernel) + " " + result.shape;
    calls_.push_back(std::move(result));
}

void CallLister::going_back(const char*, const std::vector<Tensor>& gradients) {
    pass_ = "backward";
    node_layer_ = common_name(names_.of(gradients));
}

void CallLister::went_back() {
    pass_ = "update";
    node_layer_.clear();
}

void CallTimer::called(const KernelCall&) {
    if (depth_++ == 0) begin_ = Clock::now();
}

void CallTimer::ended(const KernelCall&) {
    if (--depth_ > 0) return;
    context_.synchronize();
    seconds_.push_back(std::chrono::duration<double>(Clock::now() - begin_).count());
}

}  // namespace unmask
