// SPDX-License-Identifier: Apache-2.0
// Activations, one pass over memory each.
#include "engine/ops/activation.h"

#include "cuda/activation_functions.cuh"
#include "cuda/map.cuh"

namespace unmask {
namespace {

struct Sigmoid {
    __device__ float operator()(float x) const { return sigmoid_of(x); }
};
struct LeakyRelu {
    float slope;
    __device__ float operator()(float x) const { return x < 0.0f ? slope * x : x; }
};

// From the gradient g of the result and what was kept, see differentiates_from_result.
struct IdentityGradient {
    __device__ float operator()(float g, float) const { return g; }
};
struct ReluGradient {
    __device__ float operator()(float g, float y) const { return y > 0.0f ? g : 0.0f; }
};
struct SiluGradient {
    __device__ float operator()(float g, float x) const { return g * silu_derivative(x); }
};
struct SigmoidGradient {
    __device__ float operator()(float g, float y) const { return g * y * (1.0f - y); }
};
struct LeakyReluGradient {
    float slope;
    __device__ float operator()(float g, float y) const { return y > 0.0f ? g : slope * g; }
};

void forward(const Tensor& x, Tensor& y, const ActivationParams& params) {
    dispatch_storage(activation_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto function) {
            launch_map(stream_of(x), x.numel(), function, y.data<T>(), static_cast<const T*>(x.data<T>()));
        };
        switch (params.kind) {
            case Activation::none:
                return run(Identity{});
            case Activation::relu:
                return run(Relu{});
            case Activation::silu:
                return run(Silu{});
            case Activation::sigmoid:
                return run(Sigmoid{});
            case Activation::leaky_relu:
                return run(LeakyRelu{static_cast<float>(params.slope)});
        }
    });
}

void backward(const Tensor& grad_y, const Tensor& saved, Tensor& grad_x, const ActivationParams& params) {
    dispatch_storage(activation_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto function) {
            launch_map(stream_of(grad_y), grad_y.numel(), function, grad_x.data<T>(),
                       static_cast<const T*>(grad_y.data<T>()), static_cast<const T*>(saved.data<T>()));
        };
        switch (params.kind) {
            case Activation::none:
                return run(IdentityGradient{});
            case Activation::relu:
                return run(ReluGradient{});
            case Activation::silu:
                return run(SiluGradient{});
            case Activation::sigmoid:
                return run(SigmoidGradient{});
            case Activation::leaky_relu:
                return run(LeakyReluGradient{static_cast<float>(params.slope)});
        }
    });
}

const KernelEntry forward_entry{activation_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{activation_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
