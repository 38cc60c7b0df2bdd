// SPDX-License-Identifier: Apache-2.0
#include "engine/update_in_backward.h"

#include "engine/error.h"

namespace unmask {

void UpdateInBackward::use(Optimizer& optimizer, const FlatParameters& parameters) {
    optimizer_ = &optimizer;
    parameters_ = &parameters;
}

void UpdateInBackward::begin() {
    UNMASK_ASSERT(optimizer_ != nullptr);
    updated_.assign(parameters_->entries().size(), false);
}

void UpdateInBackward::take(size_t index, const Tensor& gradient) {
    UNMASK_ASSERT(index < updated_.size() && !updated_[index]);
    updated_[index] = true;
    optimizer_->apply(index, gradient);
}

void UpdateInBackward::finish() {
    for (size_t i = 0; i < updated_.size(); ++i)
        if (!updated_[i]) take(i, Tensor::zeros_like(parameters_->entries()[i].variable.value()));
}

}  // namespace unmask
