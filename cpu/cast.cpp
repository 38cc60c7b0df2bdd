// SPDX-License-Identifier: Apache-2.0
// Conversion between f32, f64 and bf16.
#include "engine/ops/cast.h"

#include "cpu/parallel.h"
#include "engine/error.h"

namespace unmask {
namespace {

template <class Function>
void dispatch(const Tensor& tensor, Function&& function) {
    switch (tensor.dtype()) {
        case DType::f32:
            return function(float{});
        case DType::f64:
            return function(double{});
        case DType::bf16:
            return function(BFloat16{});
        default:
            fail("{}: expected f32, f64 or bf16, found {}", cast_forward.name(), name_of(tensor.dtype()));
    }
}

template <class From, class To>
To convert(From value) {
    if constexpr (std::is_same_v<To, BFloat16>)
        return BFloat16(static_cast<float>(value));
    else
        return static_cast<To>(
            static_cast<std::conditional_t<std::is_same_v<From, double>, double, float>>(value));
}

void forward(const Tensor& x, Tensor& y) {
    dispatch(x, [&](auto from) {
        dispatch(y, [&](auto to) {
            using From = decltype(from);
            using To = decltype(to);
            const From* in = x.data<From>();
            To* out = y.data<To>();
            parallel_for(x.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) out[i] = convert<From, To>(in[i]);
            });
        });
    });
}

const KernelEntry entry{cast_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
