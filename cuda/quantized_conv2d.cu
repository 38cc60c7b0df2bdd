// SPDX-License-Identifier: Apache-2.0
// Quantized convolution: products of 8-bit integers summed in 32 bits, exactly.
#include "engine/ops/quantized_conv2d.h"

#include "cuda/levels.cuh"
#include "cuda/tiled_conv2d.cuh"

namespace unmask {
namespace {

template <class Y>
struct Requantize {
    const float *multiplier, *bias;
    const uint8_t* unsigned_residual;  // both null: none
    const int8_t* signed_residual;
    float factor;
    bool relu;
    Y* y;

    __device__ void operator()(int32_t sum, int64_t o, int64_t place) const {
        float value = multiplier[o] * (static_cast<float>(sum) + bias[o]);
        if (unsigned_residual != nullptr) value += to_float(unsigned_residual[place]);
        if (signed_residual != nullptr) value += to_float(signed_residual[place]);
        if (relu && !(value > 0.0f)) value = 0.0f;
        y[place] = from_float<Y>(factor * value);
    }
};

void forward(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
             const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
    const char* name = quantized_conv2d_forward.name();
    const Activation activation = params.conv.activation;
    UNMASK_ASSERT(activation == Activation::none || activation == Activation::relu);
    const TiledConv2d at(x, weight, y, params.conv);
    dispatch_levels(name, x, [&](auto x_zero) {
        dispatch_levels(name, y, [&](auto y_zero) {
            using X = decltype(x_zero);
            using Y = decltype(y_zero);
            Requantize<Y> finish{
                multiplier.data<float>(),       bias.data<float>(), nullptr, nullptr, params.factor,
                activation == Activation::relu, y.data<Y>()};
            if (residual.defined() && residual.dtype() == DType::u8)
                finish.unsigned_residual = residual.data<uint8_t>();
            else if (residual.defined())
                finish.signed_residual = residual.data<int8_t>();
            launch_tiled_conv2d<int32_t>(stream_of(x), at, x.data<X>(), weight.data<int8_t>(), finish);
        });
    });
}

const KernelEntry entry{quantized_conv2d_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
