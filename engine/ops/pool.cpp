// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/pool.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

constexpr int64_t most_taps = 255;  // whose places argmax holds

}  // namespace

Shape pooled_shape(const char* op, const Shape& x, const Pool2dParams& params) {
    check_rank(op, "input [N, H, W, C]", x, 4);
    Shape y = x;
    for (size_t i = 0; i < 2; ++i) {
        const int axis = static_cast<int>(i) + 1;
        if (params.kernel[i] < 1 || params.stride[i] < 1 || params.padding[i] < 0 ||
            2 * params.padding[i] > params.kernel[i])
            fail(
                "{}: expected a positive kernel and stride and padding of at most half the kernel, found {}, "
                "{}, {}",
                op, params.kernel[i], params.stride[i], params.padding[i]);
        const int64_t free = x[axis] + 2 * params.padding[i] - params.kernel[i];
        if (free < 0)
            fail("{}: expected an input of at least the kernel's size {}, found {}", op, params.kernel[i],
                 x.str());
        y.set(axis, free / params.stride[i] + 1);
    }
    return y;
}

Variable max_pool2d(const Variable& x, const Pool2dParams& params) {
    Tensor y = Tensor::empty(pooled_shape("max_pool2d", x.shape(), params), x.dtype(), x.device());
    const bool recording = will_record({&x});
    if (recording && int64_t{params.kernel[0]} * params.kernel[1] > most_taps)
        fail("max_pool2d: expected a kernel of at most {} taps where a gradient is recorded, found {} x {}",
             most_taps, params.kernel[0], params.kernel[1]);
    Tensor argmax = recording ? Tensor::empty(y.shape(), DType::u8, x.device()) : Tensor();
    max_pool2d_forward(x.value(), y, argmax, params);
    if (!recording) return Variable(y);
    return record("max_pool2d", y, {x},
                  [shape = x.shape(), argmax, params](const Tensor& gradient, const auto&) {
                      Tensor grad_x = Tensor::empty(shape, gradient.dtype(), gradient.device());
                      max_pool2d_backward(gradient, argmax, grad_x, params);
                      return std::vector{grad_x};
                  });
}

Variable average_pool2d(const Variable& x, const Pool2dParams& params) {
    Tensor y = Tensor::empty(pooled_shape("average_pool2d", x.shape(), params), x.dtype(), x.device());
    average_pool2d_forward(x.value(), y, params);
    return record("average_pool2d", y, {x}, [shape = x.shape(), params](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty(shape, gradient.dtype(), gradient.device());
        average_pool2d_backward(gradient, grad_x, params);
        return std::vector{grad_x};
    });
}

namespace {

Variable pool_adaptively(const Variable& x, int height, int width, DType dtype) {
    check_rank("adaptive_average_pool2d", "input [N, H, W, C]", x.shape(), 4);
    if (height < 1 || width < 1 || x.value().numel() == 0)
        fail("adaptive_average_pool2d: expected positive sizes, found input {} and output {} x {}",
             x.shape().str(), height, width);
    Tensor y = Tensor::empty({x.dim(0), height, width, x.dim(3)}, dtype, x.device());
    adaptive_average_pool2d_forward(x.value(), y);
    return record("adaptive_average_pool2d", y, {x},
                  [shape = x.shape(), original = x.dtype()](const Tensor& gradient, const auto& needed) {
                      if (Tensor* const present = needed.present(0)) {
                          adaptive_average_pool2d_backward(gradient, *present, true);
                          return std::vector<Tensor>(1);
                      }
                      Tensor grad_x = Tensor::empty(shape, original, gradient.device());
                      adaptive_average_pool2d_backward(gradient, grad_x, false);
                      return std::vector{grad_x};
                  });
}

}  // namespace

Variable adaptive_average_pool2d(const Variable& x, int height, int width) {
    return pool_adaptively(x, height, width, x.dtype());
}

Variable global_average_pool(const Variable& x) {
    const Variable pooled = pool_adaptively(x, 1, 1, x.dtype() == DType::bf16 ? DType::f32 : x.dtype());
    const Shape flat{pooled.dim(0), pooled.dim(3)};
    return record("global_average_pool", pooled.value().reshape(flat), {pooled},
                  [shape = pooled.shape()](const Tensor& gradient, const auto&) {
                      return std::vector{gradient.reshape(shape)};
                  });
}

}  // namespace unmask
