// SPDX-License-Identifier: Apache-2.0
// The backward pass of batch norm, in a file of its own.
#pragma once

#include "engine/ops/batch_norm.h"

namespace unmask {

// What the slot batch_norm_backward asks for.
void launch_batch_norm_backward(const Tensor& x, const std::vector<BatchNormBranch>& branches,
                                std::vector<BatchNormGradients>& gradients, const BatchNormParams& params);

}  // namespace unmask
