// SPDX-License-Identifier: Apache-2.0
// Operation graphs: see operation_graph.h.
#include "cuda/cudnn/operation_graph.h"

#include <fmt/ranges.h>

#include <utility>

#include "cuda/cudnn/tensor_layout.h"
#include "engine/error.h"
#include "engine/lru_cache.h"

namespace unmask::cudnn {
namespace {

constexpr cudnnDataType_t compute_type = CUDNN_DATA_FLOAT;

// The attribute names of one kind of convolution.
struct KindNames {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t convolution, x, weight, y, alpha, beta;
};

KindNames names_of(ConvolutionKind kind) {
    switch (kind) {
        case ConvolutionKind::forward:
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
        case ConvolutionKind::backward_data:
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
        case ConvolutionKind::backward_weight:
            break;
    }
    return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}

const char* name_of(ConvolutionKind kind) {
    switch (kind) {
        case ConvolutionKind::forward:
            return "conv2d_forward";
        case ConvolutionKind::backward_data:
            return "conv2d_backward_data";
        case ConvolutionKind::backward_weight:
            return "conv2d_backward_weight";
    }
    return "?";
}

Descriptor convolution_descriptor(const Conv2dParams& params) {
    const auto pair = [](const std::array<int, 2>& values) {
        return std::array<int64_t, 2>{values[0], values[1]};
    };
    Descriptor result(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    result.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, compute_type);
    result.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
    result.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2});
    result.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, pair(params.stride));
    result.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, pair(params.padding_before));
    result.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, pair(params.padding_after));
    result.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS, pair(params.dilation));
    result.finalize();
    return result;
}

// Builds the chain convolution -> [+ bias] -> [+ residual] -> [activation]; every stage but the last writes a
// virtual float32 tensor.
class Builder {
  public:
    Builder(const PlanTarget& target, const Convolution& problem)
        : target_(target), problem_(problem), type_(data_type(problem.dtype)), y_(nhwc(problem.y)) {
        // References to parts are taken while more are added.
        graph_.parts.reserve(32);
    }

    OperationGraph build() {
        const bool forward = problem_.kind == ConvolutionKind::forward;
        const Activation activation = forward ? problem_.params.activation : Activation::none;
        stages_left_ =
            (problem_.bias ? 1 : 0) + (problem_.residual ? 1 : 0) + (activation != Activation::none);
        UNMASK_ASSERT(forward || stages_left_ == 0);
        UNMASK_ASSERT(!problem_.accumulate || problem_.kind == ConvolutionKind::backward_data);
        const Descriptor* stage = convolution();
        if (problem_.residual) stage = add(*stage, operand(residual_id, y_));
        if (problem_.bias) stage = add(*stage, operand(bias_id, per_channel(problem_.y[3])));
        if (activation != Activation::none) stage = pointwise(mode_of(activation), *stage, nullptr);
        return finish();
    }

  private:
    const Descriptor* keep(Descriptor&& part) {
        UNMASK_ASSERT(graph_.parts.size() < graph_.parts.capacity());
        return &graph_.parts.emplace_back(std::move(part));
    }
    const Descriptor* operand(int64_t id, const TensorLayout& layout) {
        return keep(tensor_descriptor(id, layout, type_, problem_.alignment));
    }
    // Where the next stage writes: y itself for the last one.
    const Descriptor* stage_result() {
        if (stages_left_-- == 0) return operand(y_id, y_);
        constexpr int64_t first_virtual_id = 100, alignment = 16;
        return keep(tensor_descriptor(first_virtual_id + stages_left_, y_, compute_type, alignment, true));
    }

    const Descriptor* convolution() {
        const KindNames names = names_of(problem_.kind);
        const Descriptor* description = keep(convolution_descriptor(problem_.params));
        const Descriptor* x = operand(x_id, nhwc(problem_.x));
        const Descriptor* weight = operand(weight_id, nhwc(problem_.weight));
        const Descriptor* y = stage_result();
        Descriptor operation(names.type);
        operation.set_descriptor(names.convolution, *description);
        operation.set_descriptor(names.x, *x);
        operation.set_descriptor(names.weight, *weight);
        operation.set_descriptor(names.y, *y);
        operation.set(names.alpha, 1.0f);
        operation.set(names.beta, problem_.accumulate ? 1.0f : 0.0f);
        finalize(std::move(operation));
        return y;
    }

    static cudnnPointwiseMode_t mode_of(Activation activation) {
        if (activation == Activation::relu) return CUDNN_POINTWISE_RELU_FWD;
        if (activation == Activation::silu) return CUDNN_POINTWISE_SWISH_FWD;  // β is 1 unless set
        fail("conv2d: expected none, relu or silu as activation, found {}", name_of(activation));
    }

    const Descriptor* add(const Descriptor& stage, const Descriptor* operand) {
        return pointwise(CUDNN_POINTWISE_ADD, stage, operand);
    }

    const Descriptor* pointwise(cudnnPointwiseMode_t mode, const Descriptor& input,
                                const Descriptor* operand) {
        Descriptor description(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
        description.set(CUDNN_ATTR_POINTWISE_MODE, mode);
        description.set(CUDNN_ATTR_POINTWISE_MATH_PREC, compute_type);
        description.finalize();
        const Descriptor* result = stage_result();
        Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
        operation.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, *keep(std::move(description)));
        operation.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, input);
        if (operand != nullptr) operation.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *operand);
        operation.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, *result);
        finalize(std::move(operation));
        return result;
    }

    void finalize(Descriptor&& operation) {
        operation.finalize();
        operations_.push_back(keep(std::move(operation)));
    }

    OperationGraph finish() {
        graph_.graph = Descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
        if (target_.handle != nullptr) graph_.graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target_.handle);
        graph_.graph.set_descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations_);
        graph_.graph.finalize();
        return std::move(graph_);
    }

    const PlanTarget& target_;
    const Convolution& problem_;
    cudnnDataType_t type_;
    TensorLayout y_;
    int stages_left_ = 0;
    OperationGraph graph_;
    std::vector<const Descriptor*> operations_;
};

}  // namespace

std::string Convolution::str() const {
    const Conv2dParams& p = params;
    std::string text = fmt::format("{} {} x {} weight {} stride {} padding {}:{} dilation {} groups {}",
                                   name_of(kind), unmask::name_of(dtype), x.str(), weight.str(), p.stride,
                                   p.padding_before, p.padding_after, p.dilation, p.groups);
    if (alignment != 16) text += fmt::format(" alignment {}", alignment);
    if (bias) text += " +bias";
    if (residual) text += " +residual";
    if (p.activation == Activation::relu) text += " relu";
    if (p.activation == Activation::silu) text += " silu";
    if (accumulate) text += " accumulate";
    return text;
}

std::string Convolution::key() const {
    CacheKey key;
    key.add(kind).add(dtype).add_all(x).add_all(weight).add_all(y);
    key.add_all(params.stride).add_all(params.padding_before).add_all(params.padding_after);
    key.add_all(params.dilation).add(params.groups).add(params.activation).add(accumulate);
    key.add(bias).add(residual).add(alignment);
    return key.str();
}

OperationGraph convolution_graph(const PlanTarget& target, const Convolution& problem) {
    return Builder(target, problem).build();
}

}  // namespace unmask::cudnn
