// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/legacy_descriptors.h"

#include "cuda/cudnn/plan.h"
#include "cuda/cudnn/tensor_layout.h"
#include "engine/error.h"

namespace unmask::cudnn {
namespace {

void describe(cudnnTensorDescriptor_t descriptor, const Shape& shape, cudnnDataType_t type) {
    const auto size = [&](int i) { return static_cast<int>(shape[i]); };
    UNMASK_CUDNN_FOR(
        cudnnSetTensor4dDescriptor(descriptor, CUDNN_TENSOR_NHWC, type, size(0), size(3), size(1), size(2)),
        shape.str());
}

}  // namespace

LegacyDescriptors::LegacyDescriptors(const Convolution& problem) {
    const Conv2dParams& p = problem.params;
    if (p.padding_before != p.padding_after)
        fail(
            "{}: expected symmetric padding with UNMASK_CUDNN_LEGACY=1, found {} and {} before, {} and {} "
            "after",
            problem.str(), p.padding_before[0], p.padding_before[1], p.padding_after[0], p.padding_after[1]);
    UNMASK_ASSERT(!problem.bias && !problem.residual && p.activation == Activation::none);
    const cudnnDataType_t type = data_type(problem.dtype);
    describe(x.get(), problem.x, type);
    describe(y.get(), problem.y, type);
    const auto size = [&](int i) { return static_cast<int>(problem.weight[i]); };
    UNMASK_CUDNN_FOR(
        cudnnSetFilter4dDescriptor(weight.get(), type, CUDNN_TENSOR_NHWC, size(0), size(3), size(1), size(2)),
        problem.str());
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
}

}  // namespace unmask::cudnn
