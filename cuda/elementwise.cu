// SPDX-License-Identifier: Apache-2.0
// Elementwise arithmetic, with broadcasting between two operands.
#include "engine/ops/elementwise.h"

#include "cuda/broadcast_map.cuh"
#include "cuda/map.cuh"

namespace unmask {
namespace {

struct Add {
    __device__ float operator()(float a, float b) const { return a + b; }
};
struct Subtract {
    __device__ float operator()(float a, float b) const { return a - b; }
};
struct Multiply {
    __device__ float operator()(float a, float b) const { return a * b; }
};
struct Divide {
    __device__ float operator()(float a, float b) const { return a / b; }
};

struct Negate {
    __device__ float operator()(float x) const { return -x; }
};
struct Exp {
    __device__ float operator()(float x) const { return expf(x); }
};
struct Log {
    __device__ float operator()(float x) const { return logf(x); }
};
struct Sqrt {
    __device__ float operator()(float x) const { return sqrtf(x); }
};
struct Square {
    __device__ float operator()(float x) const { return x * x; }
};
struct Reciprocal {
    __device__ float operator()(float x) const { return 1.0f / x; }
};
struct Abs {
    __device__ float operator()(float x) const { return fabsf(x); }
};
struct Affine {
    float scale, shift;
    __device__ float operator()(float x) const { return scale * x + shift; }
};

// From the gradient g of the result, and what the derivative needs of x and y.
struct ExpGradient {
    __device__ float operator()(float g, float y) const { return g * y; }
};
struct LogGradient {
    __device__ float operator()(float g, float x) const { return g / x; }
};
struct SqrtGradient {
    __device__ float operator()(float g, float y) const { return g / (y + y); }
};
struct SquareGradient {
    __device__ float operator()(float g, float x) const { return g * (x + x); }
};
struct ReciprocalGradient {
    __device__ float operator()(float g, float y) const { return -g * y * y; }
};
struct AbsGradient {
    __device__ float operator()(float g, float x) const { return x > 0.0f ? g : (x < 0.0f ? -g : 0.0f); }
};

void binary(const Tensor& a, const Tensor& b, Tensor& y, BinaryOp op) {
    dispatch_storage(binary_forward.name(), a, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto function) {
            launch_broadcast_map(stream_of(a), y.shape(), function, y.data<T>(),
                                 BroadcastInput<T>{a.data<T>(), a.shape()},
                                 BroadcastInput<T>{b.data<T>(), b.shape()});
        };
        switch (op) {
            case BinaryOp::add:
                return run(Add{});
            case BinaryOp::subtract:
                return run(Subtract{});
            case BinaryOp::multiply:
                return run(Multiply{});
            case BinaryOp::divide:
                return run(Divide{});
        }
    });
}

void unary(const Tensor& x, Tensor& y, UnaryOp op) {
    dispatch_storage(unary_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto function) {
            launch_map(stream_of(x), x.numel(), function, y.data<T>(), static_cast<const T*>(x.data<T>()));
        };
        switch (op) {
            case UnaryOp::negate:
                return run(Negate{});
            case UnaryOp::exp:
                return run(Exp{});
            case UnaryOp::log:
                return run(Log{});
            case UnaryOp::sqrt:
                return run(Sqrt{});
            case UnaryOp::square:
                return run(Square{});
            case UnaryOp::reciprocal:
                return run(Reciprocal{});
            case UnaryOp::abs:
                return run(Abs{});
        }
    });
}

void unary_gradient(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x, UnaryOp op) {
    dispatch_storage(unary_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto derivative, const Tensor& saved) {
            launch_map(stream_of(grad_y), grad_y.numel(), derivative, grad_x.data<T>(),
                       static_cast<const T*>(grad_y.data<T>()), static_cast<const T*>(saved.data<T>()));
        };
        switch (op) {
            case UnaryOp::negate:
                return launch_map(stream_of(grad_y), grad_y.numel(), Negate{}, grad_x.data<T>(),
                                  static_cast<const T*>(grad_y.data<T>()));
            case UnaryOp::exp:
                return run(ExpGradient{}, y);
            case UnaryOp::log:
                return run(LogGradient{}, x);
            case UnaryOp::sqrt:
                return run(SqrtGradient{}, y);
            case UnaryOp::square:
                return run(SquareGradient{}, x);
            case UnaryOp::reciprocal:
                return run(ReciprocalGradient{}, y);
            case UnaryOp::abs:
                return run(AbsGradient{}, x);
        }
    });
}

void affine_map(const Tensor& x, Tensor& y, double scale, double shift) {
    dispatch_storage(affine_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        launch_map(stream_of(x), x.numel(), Affine{static_cast<float>(scale), static_cast<float>(shift)},
                   y.data<T>(), static_cast<const T*>(x.data<T>()));
    });
}

const KernelEntry binary_entry{binary_forward, Backend::cuda, &binary};
const KernelEntry unary_entry{unary_forward, Backend::cuda, &unary};
const KernelEntry unary_backward_entry{unary_backward, Backend::cuda, &unary_gradient};
const KernelEntry affine_entry{affine_forward, Backend::cuda, &affine_map};

}  // namespace
}  // namespace unmask
