// SPDX-License-Identifier: Apache-2.0
// A kernel whose values do not fit into its registers: the flags of cuda/CMakeLists.txt must refuse it.
__global__ void __launch_bounds__(1024) spilling_kernel(const float* in, float* out) {
    float kept[160];
#pragma unroll
    for (int i = 0; i < 160; ++i) kept[i] = in[i * 1024 + threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 160; ++i) out[(159 - i) * 1024 + threadIdx.x] = kept[i] * kept[(i * 7 + 3) % 160];
}
