// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/quantize.h"

#include <cmath>

#include "engine/error.h"

namespace unmask {
namespace {

void check(const char* op, const Tensor& real, DType integer, float scale) {
    if (real.defined() && real.dtype() != DType::f32)
        fail("{}: expected an input in f32, found {}", op, name_of(real.dtype()));
    if (integer != DType::u8 && integer != DType::i8)
        fail("{}: expected u8 or i8, found {}", op, name_of(integer));
    if (!std::isfinite(scale) || scale <= 0.0f)
        fail("{}: expected a positive, finite scale, found {}", op, scale);
}

}  // namespace

Tensor quantize(const Tensor& x, float scale, DType dtype) {
    check("quantize", x, dtype, scale);
    Tensor y = Tensor::empty(x.shape(), dtype, x.device());
    quantize_forward(x, y, scale);
    return y;
}

Tensor dequantize(const Tensor& x, float scale) {
    check("dequantize", {}, x.dtype(), scale);
    Tensor y = Tensor::empty(x.shape(), DType::f32, x.device());
    dequantize_forward(x, y, scale);
    return y;
}

}  // namespace unmask
