// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/channel_scale.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

void check_operands(const Variable& x, const Variable& scale) {
    if (!x.defined() || !scale.defined())
        fail("channel_scale: expected an input and a scale, found an undefined tensor");
    check_rank("channel_scale", "input [N, H, W, C]", x.shape(), 4);
    check_shape("channel_scale", "scale [N, C]", scale.shape(), {x.dim(0), x.dim(3)});
    const bool mixed = x.dtype() == DType::bf16 && scale.dtype() == DType::f32;
    if ((scale.dtype() != x.dtype() && !mixed) || scale.device() != x.device())
        fail("channel_scale: expected a scale as {} on {}, like the input, found {} on {}",
             name_of(x.dtype()), name_of(x.device()), name_of(scale.dtype()), name_of(scale.device()));
}

}  // namespace

Variable channel_scale(const Variable& x, const Variable& scale) {
    check_operands(x, scale);
    Tensor y = Tensor::empty_like(x.value());
    channel_scale_forward(x.value(), scale.value(), y);
    if (!will_record({&x, &scale})) return Variable(y);
    return record("channel_scale", y, {x, scale},
                  [input = x.value(), factors = scale.value()](const Tensor& gradient, const auto& needed) {
                      Tensor grad_x, grad_scale;
                      if (needed[0]) grad_x = Tensor::empty_like(input);
                      if (needed[1]) grad_scale = Tensor::empty_like(factors);
                      channel_scale_backward(gradient, input, factors, grad_x, grad_scale);
                      return std::vector{grad_x, grad_scale};
                  });
}

}  // namespace unmask
