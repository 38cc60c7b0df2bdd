// SPDX-License-Identifier: Apache-2.0
// What batch norm leaves for a gate, in a file of its own.
#pragma once

#include "engine/ops/batch_norm.h"

namespace unmask {

// Fills the branches' means, once their statistics are saved. x is not empty.
void launch_gate_means(const Tensor& x, const std::vector<BatchNormBranch>& branches);

}  // namespace unmask
