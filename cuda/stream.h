// SPDX-License-Identifier: Apache-2.0
// The stream that a device's kernels are enqueued on, and what each stream has for them.
#pragma once

#include "engine/tensor.h"

struct CUstream_st;

namespace unmask {

using Stream = CUstream_st*;  // cudaStream_t, without CUDA's headers

// The current stream of the GPU where the tensor lives. Defined by the CUDA context, and by the emulation.
[[nodiscard]] Stream stream_of(const Tensor& tensor);

// Counters of that stream's own on its device, by which the block of a launch that arrives last knows that it
// is (arrival.cuh): all 0 between two launches.
constexpr int arrival_counter_count = 2048;
[[nodiscard]] unsigned* arrival_counters(const Tensor& tensor);

}  // namespace unmask
