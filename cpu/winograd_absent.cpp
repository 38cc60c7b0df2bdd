// SPDX-License-Identifier: Apache-2.0
// In place of Winograd's algorithm where a small library matters more: every convolution is direct.
#include "cpu/winograd_conv2d.h"
#include "cpu/winograd_quantized_conv2d.h"

namespace unmask {

bool winograd_forward(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                      const Conv2dParams&) {
    return false;
}

bool winograd_quantized_forward(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                Tensor&, const QuantizedConv2dParams&) {
    return false;
}

}  // namespace unmask
