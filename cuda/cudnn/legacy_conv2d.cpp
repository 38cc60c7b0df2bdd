// SPDX-License-Identifier: Apache-2.0
// Convolution by cuDNN's older API: see legacy_conv2d.h. Forward and data gradient: implicit GEMM and
// algorithm 1; weight gradient: algorithm 1. These three are deterministic.
#include "cuda/cudnn/legacy_conv2d.h"

#include <cudnn.h>

#include <cstdlib>
#include <string_view>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/cudnn/tensor_layout.h"
#include "engine/error.h"

namespace unmask::cudnn {
namespace {

// A descriptor of the older API with its destructor.
template <class Handle, cudnnStatus_t (*create)(Handle*), cudnnStatus_t (*destroy)(Handle)>
class Owned {
  public:
    Owned() { UNMASK_CUDNN(create(&handle_)); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { destroy(handle_); }
    [[nodiscard]] Handle get() const { return handle_; }

  private:
    Handle handle_ = nullptr;
};

using TensorDescriptor =
    Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    Owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor =
    Owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor>;

void describe(const TensorDescriptor& descriptor, const Shape& shape, cudnnDataType_t type) {
    const auto size = [&](int i) { return static_cast<int>(shape[i]); };
    UNMASK_CUDNN_FOR(cudnnSetTensor4dDescriptor(descriptor.get(), CUDNN_TENSOR_NHWC, type, size(0), size(3),
                                                size(1), size(2)),
                     shape.str());
}

void* memory_of(std::span<const Operand> operands, int64_t id) {
    for (const Operand& operand : operands)
        if (operand.id == id) return operand.memory;
    UNMASK_ASSERT(false);
    return nullptr;
}

}  // namespace

bool legacy_enabled() {
    static const bool enabled = [] {
        const char* value = std::getenv("UNMASK_CUDNN_LEGACY");
        return value != nullptr && std::string_view(value) == "1";
    }();
    return enabled;
}

void legacy_convolution(CudaContext& context, const Convolution& problem, std::span<const Operand> operands) {
    const Conv2dParams& p = problem.params;
    if (p.padding_before != p.padding_after)
        fail("{}: expected symmetric padding with UNMASK_CUDNN_LEGACY=1, found another", problem.str());
    UNMASK_ASSERT(!problem.bias && !problem.residual && p.activation == Activation::none);
    const cudnnDataType_t type = data_type(problem.dtype);
    const TensorDescriptor x, y;
    describe(x, problem.x, type);
    describe(y, problem.y, type);
    const FilterDescriptor weight;
    const Shape& w = problem.weight;
    UNMASK_CUDNN_FOR(
        cudnnSetFilter4dDescriptor(weight.get(), type, CUDNN_TENSOR_NHWC, static_cast<int>(w[0]),
                                   static_cast<int>(w[3]), static_cast<int>(w[1]), static_cast<int>(w[2])),
        problem.str());
    const ConvolutionDescriptor convolution;
    UNMASK_CUDNN_FOR(
        cudnnSetConvolution2dDescriptor(convolution.get(), p.padding_before[0], p.padding_before[1],
                                        p.stride[0], p.stride[1], p.dilation[0], p.dilation[1],
                                        CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
        problem.str());
    UNMASK_CUDNN(cudnnSetConvolutionGroupCount(convolution.get(), p.groups));
    // FMA: float32 stays float32. The default would narrow it to TF32.
    UNMASK_CUDNN(cudnnSetConvolutionMathType(convolution.get(), EngineRules::of(problem.dtype).full_float32
                                                                    ? CUDNN_FMA_MATH
                                                                    : CUDNN_DEFAULT_MATH));

    cudnnHandle_t handle = context.cudnn();
    void* x_memory = memory_of(operands, x_id);
    void* weight_memory = memory_of(operands, weight_id);
    void* y_memory = memory_of(operands, y_id);
    const float one = 1, zero = 0;
    size_t bytes = 0;
    const auto need = [&](const Scratch& workspace) {
        if (!workspace.enough()) fail("{}: no memory for a workspace of {} bytes", problem.str(), bytes);
        return workspace.memory();
    };
    if (problem.kind == ConvolutionKind::forward) {
        constexpr auto algorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
        UNMASK_CUDNN_FOR(cudnnGetConvolutionForwardWorkspaceSize(
                             handle, x.get(), weight.get(), convolution.get(), y.get(), algorithm, &bytes),
                         problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionForward(handle, &one, x.get(), x_memory, weight.get(), weight_memory,
                                                 convolution.get(), algorithm, need(workspace), bytes, &zero,
                                                 y.get(), y_memory),
                         problem.str());
    } else if (problem.kind == ConvolutionKind::backward_data) {
        constexpr auto algorithm = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
        UNMASK_CUDNN_FOR(cudnnGetConvolutionBackwardDataWorkspaceSize(
                             handle, weight.get(), y.get(), convolution.get(), x.get(), algorithm, &bytes),
                         problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionBackwardData(handle, &one, weight.get(), weight_memory, y.get(),
                                                      y_memory, convolution.get(), algorithm, need(workspace),
                                                      bytes, &zero, x.get(), x_memory),
                         problem.str());
    } else {
        constexpr auto algorithm = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;
        UNMASK_CUDNN_FOR(cudnnGetConvolutionBackwardFilterWorkspaceSize(
                             handle, x.get(), y.get(), convolution.get(), weight.get(), algorithm, &bytes),
                         problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionBackwardFilter(handle, &one, x.get(), x_memory, y.get(), y_memory,
                                                        convolution.get(), algorithm, need(workspace), bytes,
                                                        &zero, weight.get(), weight_memory),
                         problem.str());
    }
}

}  // namespace unmask::cudnn
