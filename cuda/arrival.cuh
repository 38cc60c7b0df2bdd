// SPDX-License-Identifier: Apache-2.0
// Blocks of a launch that share a result: the last of them finds what the others wrote.
#pragma once

#include "cuda/device.cuh"

namespace unmask {

// Whether all other `blocks` that count in `counter` were here before this one, in every thread; all threads
// of the block, of one or two dimensions, must take part, and what they wrote before is seen by the block
// that comes last. The counter is 0 before the first comes, and again when the last has come. A fence before
// and behind it, by the thread that counts, is tied to the other threads' accesses by the barriers.
__device__ inline bool is_last_to_arrive(unsigned* counter, unsigned blocks) {
    UNMASK_SHARED(unsigned, before, 1);
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        __threadfence();
        *before = atomicInc(counter, blocks - 1);
        __threadfence();
    }
    __syncthreads();
    return *before == blocks - 1;
}

}  // namespace unmask
