// SPDX-License-Identifier: Apache-2.0
// The check behind UNMASK_LAUNCH (device.cuh).
#include <cuda_runtime_api.h>
#include <vector_types.h>

#include "cuda/check.h"
#include "engine/error.h"

namespace unmask {

void check_launch(const char* kernel, dim3 grid, dim3 block);

void check_launch(const char* kernel, dim3 grid, dim3 block) {
    const cudaError_t status = cudaGetLastError();
    if (status == cudaSuccess) return;
    fail("CUDA: launching {} with {} x {} x {} blocks of {} x {} x {} threads: {} ({}){}", kernel, grid.x,
         grid.y, grid.z, block.x, block.y, block.z, cudaGetErrorName(status), cudaGetErrorString(status),
         detail::where_noticed(status));
}

}  // namespace unmask
