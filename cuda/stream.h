// SPDX-License-Identifier: Apache-2.0
// The stream that a device's kernels are enqueued on.
#pragma once

#include "engine/tensor.h"

struct CUstream_st;

namespace unmask {

using Stream = CUstream_st*;  // cudaStream_t, without CUDA's headers

// The current stream of the GPU where the tensor lives. Defined by the CUDA context, and by the emulation.
[[nodiscard]] Stream stream_of(const Tensor& tensor);

}  // namespace unmask
