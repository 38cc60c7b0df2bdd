// SPDX-License-Identifier: Apache-2.0
// cudaMalloc and cudaFree: see allocation.h.
#include "cuda/allocation.h"

#include <cuda_runtime_api.h>

namespace unmask {

void* take_device_memory(int device, size_t bytes) {
    void* memory = nullptr;
    if (cudaSetDevice(device) == cudaSuccess && cudaMalloc(&memory, bytes) == cudaSuccess) return memory;
    static_cast<void>(cudaGetLastError());  // the caller reports it, with sizes
    return nullptr;
}

void give_device_memory(int device, void* memory) noexcept {
    if (cudaSetDevice(device) != cudaSuccess || cudaFree(memory) != cudaSuccess)
        static_cast<void>(cudaGetLastError());
}

}  // namespace unmask
