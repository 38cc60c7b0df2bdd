// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/dropout.h"

#include "engine/ops/check.h"

namespace unmask {

Variable dropout(const Variable& x, const DropoutParams& params) {
    if (!x.defined()) fail("dropout: expected a tensor, found an undefined one");
    if (!(params.probability >= 0.0 && params.probability < 1.0))
        fail("dropout: expected a probability in [0, 1), found {}", params.probability);
    if (params.probability == 0.0) return x;
    if (params.device_step.defined()) check_same_device("dropout", x.value(), params.device_step);
    Tensor y = Tensor::empty_like(x.value());
    dropout_forward(x.value(), y, params);
    return record("dropout", y, {x}, [params](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty_like(gradient);
        dropout_forward(gradient, grad_x, params);
        return std::vector{grad_x};
    });
}

}  // namespace unmask
