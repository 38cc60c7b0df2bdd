// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/resize.h"

#include "engine/ops/check.h"

namespace unmask {

Variable resize_bilinear(const Variable& x, int height, int width) {
    check_rank("resize_bilinear", "input [N, H, W, C]", x.shape(), 4);
    if (height < 1 || width < 1 || x.dim(1) < 1 || x.dim(2) < 1)
        fail("resize_bilinear: expected positive sizes, found input {} and output {} x {}", x.shape().str(),
             height, width);
    Tensor y = Tensor::empty({x.dim(0), height, width, x.dim(3)}, x.dtype(), x.device());
    resize_bilinear_forward(x.value(), y);
    return record("resize_bilinear", y, {x}, [shape = x.shape()](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty(shape, gradient.dtype(), gradient.device());
        resize_bilinear_backward(gradient, grad_x);
        return std::vector{grad_x};
    });
}

}  // namespace unmask
