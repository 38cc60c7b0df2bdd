// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>

#include "engine/error.h"
#include "engine/kernel_observer.h"
#include "engine/ops/activation.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/channel_scale.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/layout.h"
#include "engine/ops/matmul.h"
#include "engine/ops/pool.h"
#include "layers/evaluation_mode.h"
#include "models/exchange/onnx/builder.h"

namespace unmask::onnx_export {
namespace {

constexpr int64_t traced_batch = 2;  // more than one, so that nothing takes the batch for a size of 1
const std::vector<int> oihw{0, 3, 1, 2};

std::vector<int64_t> pair(const std::array<int, 2>& values) {
    return {values[0], values[1]};
}

// Turns each call into nodes.
class Tracer final : private KernelObserver {
  public:
    explicit Tracer(Builder& builder) : builder_(builder) {}

    void called(const KernelCall& call) override {
        const bool understood = convolution(call) || norm(call) || gating(call) || pooling(call) ||
                                product(call) || scaling(call) || activation(call) || concatenation(call);
        if (!understood) fail("ONNX: {} has no form here", call.name());
    }

  private:
    bool convolution(const KernelCall& call) {
        const auto* arguments = call.of(conv2d_forward);
        if (arguments == nullptr) return false;
        const auto& [x, weight, bias, residual, y, params] = *arguments;
        // What folded weights are convolved with; the parameters as they are leave both to the norm.
        if (residual.defined() || params.activation != Activation::none)
            fail("ONNX: a convolution with a residual or an activation has no form here");
        std::vector<std::string> inputs{builder_.get(x), builder_.constant(weight, oihw)};
        if (bias.defined()) inputs.push_back(builder_.constant(bias));
        const auto &before = params.padding_before, &after = params.padding_after;
        builder_.set(y,
                     builder_.add("Conv", inputs,
                                  {{"kernel_shape", std::vector<int64_t>{weight.dim(1), weight.dim(2)}},
                                   {"strides", pair(params.stride)},
                                   {"pads", std::vector<int64_t>{before[0], before[1], after[0], after[1]}},
                                   {"dilations", pair(params.dilation)},
                                   {"group", int64_t{params.groups}}}));
        return true;
    }

    bool norm(const KernelCall& call) {
        const auto* arguments = call.of(batch_norm_forward);
        if (arguments == nullptr) return false;
        const auto& [first, branches, params] = *arguments;
        for (const BatchNormBranch& branch : branches) {
            if (params.training || branch.groups.size() != 1)
                fail("ONNX: a batch norm in training has no form here");
            const BatchNormGroup& group = branch.groups.front();
            std::string result = builder_.add(
                "BatchNormalization",
                {builder_.get(branch.x), builder_.constant(group.weight), builder_.constant(group.bias),
                 builder_.constant(group.running_mean), builder_.constant(group.running_variance)},
                {{"epsilon", static_cast<float>(params.eps)}});
            if (branch.residual.defined())
                result = builder_.add("Add", {result, builder_.get(branch.residual)});
            result = builder_.activated(result, params.activation);
            if (branch.means.defined())  // the map itself is in no tensor
                set_gated(branch, result);
            else
                builder_.set(branch.y, params.pool ? max_pool(result, *params.pool) : result);
        }
        return true;
    }

    void set_gated(const BatchNormBranch& branch, const std::string& map) {
        gated_maps_[branch.means.raw()] = map;
        const std::string means = builder_.add("GlobalAveragePool", {map});
        builder_.set(branch.means, builder_.add("Flatten", {means}, {{"axis", int64_t{1}}}));
    }

    bool gating(const KernelCall& call) {
        const auto* arguments = call.of(batch_norm_gate_forward);
        if (arguments == nullptr) return false;
        const auto& [first, branches, weights, y] = *arguments;
        for (size_t i = 0; i < branches.size(); ++i)
            builder_.set(y[i], scaled(gated_maps_.at(branches[i].means.raw()), weights[i]));
        return true;
    }

    std::string scaled(const std::string& map, const Tensor& scale) {
        const std::string spread =
            builder_.add("Unsqueeze", {builder_.get(scale), builder_.integers("spatial_axes", {2, 3})});
        return builder_.add("Mul", {map, spread});
    }

    std::string max_pool(const std::string& map, const Pool2dParams& params) {
        const auto& padding = params.padding;
        return builder_.add("MaxPool", {map},
                            {{"kernel_shape", pair(params.kernel)},
                             {"strides", pair(params.stride)},
                             {"pads", std::vector<int64_t>{padding[0], padding[1], padding[0], padding[1]}}});
    }

    bool pooling(const KernelCall& call) {
        if (const auto* arguments = call.of(max_pool2d_forward)) {
            const auto& [x, y, argmax, params] = *arguments;
            builder_.set(y, max_pool(builder_.get(x), params));
            return true;
        }
        const auto* arguments = call.of(adaptive_average_pool2d_forward);
        if (arguments == nullptr) return false;
        const auto& [x, y] = *arguments;
        if (y.dim(1) != 1 || y.dim(2) != 1)
            fail("ONNX: adaptive pooling to {} has no form here", y.shape().str());
        builder_.set(y, builder_.add("GlobalAveragePool", {builder_.get(x)}));
        return true;
    }

    bool product(const KernelCall& call) {
        const auto* arguments = call.of(matmul_forward);
        if (arguments == nullptr) return false;
        const auto& [a, b, bias, y, params] = *arguments;
        if (a.rank() != 2 || b.rank() != 2 || params.transpose_a)
            fail("ONNX: this matrix product has no form here");
        std::vector<std::string> inputs{builder_.get(a), builder_.constant(b)};
        if (bias.defined()) inputs.push_back(builder_.constant(bias));
        const std::string result =
            builder_.add("Gemm", inputs, {{"transB", int64_t{params.transpose_b ? 1 : 0}}});
        builder_.set(y, builder_.activated(result, params.activation));
        return true;
    }

    bool scaling(const KernelCall& call) {
        const auto* arguments = call.of(channel_scale_forward);
        if (arguments == nullptr) return false;
        const auto& [x, scale, y] = *arguments;
        builder_.set(y, scaled(builder_.get(x), scale));
        return true;
    }

    bool activation(const KernelCall& call) {
        const auto* arguments = call.of(activation_forward);
        if (arguments == nullptr) return false;
        const auto& [x, y, params] = *arguments;
        builder_.set(y, builder_.activated(builder_.get(x), params.kind));
        return true;
    }

    // Features [N, d_i] copied beside each other into [N, Σ d_i], one call for each, in order.
    bool concatenation(const KernelCall& call) {
        const auto* arguments = call.of(copy_pitched);
        if (arguments == nullptr) return false;
        const auto& [source, target, copy] = *arguments;
        if (source.rank() != 2 || target.rank() != 2 || copy.run != source.dim(1) ||
            copy.rows != target.dim(0) || copy.target_pitch != target.dim(1) || copy.source_offset != 0)
            fail("ONNX: this copy has no form here");
        if (copy.target_offset == 0) parts_.clear();
        parts_.push_back(builder_.get(source));
        if (copy.target_offset + copy.run == target.dim(1))
            builder_.set(target, parts_.size() == 1 ? parts_.front()
                                                    : builder_.add("Concat", parts_, {{"axis", int64_t{1}}}));
        return true;
    }

    Builder& builder_;
    std::map<const void*, std::string> gated_maps_;  // behind a norm, by their means
    std::vector<std::string> parts_;
};

}  // namespace

Graph trace(Detector& detector, double temperature) {
    const NoGrad nothing_recorded;
    const EvaluationMode mode(detector);
    detector.drop_prepared();  // the graph has the parameters as they are
    const ScheduleScope schedule(detector, BranchSchedule::separate);
    const int64_t size = detector.options().size;
    Builder builder(detector.state());
    const Tensor input = Tensor::zeros({traced_batch, size, size, 3});
    builder.graph.input = {"input", {traced_batch, 3, size, size}};
    builder.set(input, builder.graph.input.name);
    Tensor logits;
    {
        const Tracer tracer(builder);
        logits = detector.infer(input);
    }
    const std::string result = builder.get(logits);
    for (Node& node : builder.graph.nodes)
        for (std::string& output : node.outputs)
            if (output == result) output = "logits";
    std::string scaled = "logits";
    if (temperature != 1.0) {
        builder.graph.constants["temperature"] = Tensor::full({}, temperature);
        scaled = builder.add("Div", {scaled, "temperature"});
    }
    builder.graph.nodes.push_back({"Softmax", {scaled}, {"probabilities"}, {{"axis", int64_t{1}}}});
    builder.graph.outputs = {{"logits", logits.shape()}, {"probabilities", logits.shape()}};
    return builder.finish();
}

}  // namespace unmask::onnx_export
