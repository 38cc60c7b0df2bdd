// SPDX-License-Identifier: Apache-2.0
// Convolution over compact weights, which become float32 as they are loaded: nowhere lies a whole copy of
// them.
#include "engine/ops/compact_conv2d.h"

#include "cuda/epilogue.cuh"
#include "cuda/tiled_conv2d.cuh"

namespace unmask {
namespace {

// An output channel's scale is a factor of its whole sum.
struct Finish {
    Epilogue<float> epilogue;
    const float* scale;  // null: 1
    float* y;

    __device__ void operator()(float sum, int64_t o, int64_t place) const {
        const Pack<float, 1> scaled{scale == nullptr ? sum : scale[o] * sum};
        y[place] = epilogue(scaled, static_cast<int>(o), place)[0];
    }
};

void forward(const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& bias,
             const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    UNMASK_ASSERT(params.groups == 1 && x.dtype() == DType::f32);
    const TiledConv2d at(x, weight, y, params);
    const Finish finish{{bias, residual, params.activation},
                        scale.defined() ? scale.data<float>() : nullptr,
                        y.data<float>()};
    if (weight.dtype() == DType::i8)
        launch_tiled_conv2d<float>(stream_of(x), at, x.data<float>(), weight.data<int8_t>(), finish);
    else
        launch_tiled_conv2d<float>(stream_of(x), at, x.data<float>(), weight.data<BFloat16>(), finish);
}

const KernelEntry entry{compact_conv2d_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
