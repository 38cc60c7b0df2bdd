// SPDX-License-Identifier: Apache-2.0
// Convolution as a product of matrices (cpu/conv2d_product.h) over patches that are gathered while they are
// packed.
#include "engine/ops/conv2d.h"

#include "cpu/conv2d_product.h"
#include "cpu/depthwise_conv2d.h"
#include "cpu/dispatch.h"
#include "cpu/winograd_conv2d.h"

namespace unmask {
namespace {

template <class T>
void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    conv2d_as_product<T>(x, weight.shape(), bias, residual, y, params, [&](int64_t channel, int64_t k) {
        return MatrixColumnPacker<T>{{weight.data<T>() + channel * k, 1, k}};
    });
}

void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
             const Conv2dParams& params) {
    dispatch_floating(conv2d_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        if (is_depthwise(weight.shape(), params))
            return depthwise_forward<T>(x, weight, bias, residual, y, params);
        if constexpr (std::is_same_v<T, float>)
            if (winograd_forward(x, weight, bias, residual, y, params)) return;
        run_forward<T>(x, weight, bias, residual, y, params);
    });
}

const KernelEntry entry{conv2d_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
