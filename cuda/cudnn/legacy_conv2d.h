// SPDX-License-Identifier: Apache-2.0
// Convolution by cuDNN's older, descriptor-based API: a cross-check of the graph path, switched on by the
// environment variable UNMASK_CUDNN_LEGACY=1. Deprecated by cuDNN, slower, and without fused epilogues.
#pragma once

#include <span>

#include "cuda/cudnn/plan.h"

namespace unmask {
class CudaContext;
}

namespace unmask::cudnn {

// Read once, at the first call.
[[nodiscard]] bool legacy_enabled();

// Runs the problem, which has no epilogue, with a deterministic algorithm. Error when its padding is
// asymmetric (the older API has none) or cuDNN refuses it.
void legacy_convolution(CudaContext& context, const Convolution& problem, std::span<const Operand> operands);

}  // namespace unmask::cudnn
