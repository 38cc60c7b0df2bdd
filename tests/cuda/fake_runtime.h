// SPDX-License-Identifier: Apache-2.0
// A stand-in for the CUDA runtime, linked in its place: two devices whose memory is the host's, nothing runs,
// and it is kept which work comes after which by the order of streams and by events. Work for a stream of
// another device than the thread's current one is refused.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace unmask::fake_runtime {

// The number of the work (a copy or a fill) that was enqueued last.
[[nodiscard]] int64_t last_work();
// Whether what is enqueued on the stream next comes after that work.
[[nodiscard]] bool comes_after(cudaStream_t stream, int64_t work);
// Captures that were begun and not ended.
[[nodiscard]] int64_t open_captures();
// The next capture ends as one in which something was done that cannot be captured.
void invalidate_next_capture();
// This thread's current device: the first one where none was set.
[[nodiscard]] int thread_device();
// Where the memory was taken; any place within it will do.
[[nodiscard]] int device_of(void* memory);

}  // namespace unmask::fake_runtime
