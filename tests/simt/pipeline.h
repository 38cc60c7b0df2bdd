// SPDX-License-Identifier: Apache-2.0
// CUDA's asynchronous copies from global to shared memory (cuda_pipeline_primitives.h) for g++. They
// arrive as late as they may, and what is in their place is lost as early: memory that is read between the
// two, or that others still read, shows.
#pragma once

#include <cstddef>

#include "tests/simt/machine.h"

// Copies 4, 8 or 16 bytes (both addresses are multiples of them), of which the last `zeros` become zeros and
// are not read.
inline void __pipeline_memcpy_async(void* shared, const void* global, size_t bytes, size_t zeros = 0) {
    simt::copy_async(shared, global, bytes, zeros);
}
// Makes a batch of this thread's copies since the last one.
inline void __pipeline_commit() {
    simt::commit_copies();
}
// All of this thread's batches have arrived but the last `pending`; other threads see them behind a barrier.
inline void __pipeline_wait_prior(size_t pending) {
    simt::wait_for_copies(pending);
}
