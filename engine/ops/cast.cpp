// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/cast.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

Tensor converted(const Tensor& x, DType dtype) {
    if (x.dtype() == dtype) return x;
    Tensor y = Tensor::empty(x.shape(), dtype, x.device());
    cast_forward(x, y);
    return y;
}

}  // namespace

Variable cast(const Variable& x, DType dtype) {
    if (!x.defined()) fail("cast: expected a tensor, found an undefined one");
    if (!is_floating(x.dtype()) || !is_floating(dtype))
        fail("cast: expected floating dtypes, found {} to {}", name_of(x.dtype()), name_of(dtype));
    if (x.dtype() == dtype) return x;
    const Tensor& copy = x.copy();
    const Tensor y = copy.defined() && copy.dtype() == dtype ? copy : converted(x.value(), dtype);
    // Memory that gradients are added to takes them as they are.
    const bool adds = x.has_pinned_gradient() && x.dtype() == DType::f32 && dtype == DType::bf16;
    const DType original = adds ? dtype : x.dtype();
    return record("cast", y, {x}, [original](const Tensor& gradient, const auto&) {
        return std::vector{converted(gradient, original)};
    });
}

}  // namespace unmask
