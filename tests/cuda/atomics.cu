// SPDX-License-Identifier: Apache-2.0
// What the stand-in for the driver must tell apart: sums of floats by atomics, and what is none.
extern "C" __global__ void adds(float* sum, float value) {
    atomicAdd(sum, value);
}
extern "C" __global__ void adds_and_reads(float* sum, float value) {
    sum[1] = atomicAdd(sum, value);
}
extern "C" __global__ void adds_doubles(double* sum, double value) {
    atomicAdd(sum, value);
}
extern "C" __global__ void counts(int* count) {
    count[1] = atomicAdd(count, 1);
}
extern "C" __global__ void stores(float* place, float value) {
    place[threadIdx.x] = value;
}
