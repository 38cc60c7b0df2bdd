// SPDX-License-Identifier: Apache-2.0
// See fake_runtime.h. Also the few calls of cuDNN and cuBLASLt that a context makes by itself.
#include "tests/cuda/fake_runtime.h"

#include <cublasLt.h>
#include <cudnn_graph.h>

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace {

using Before = std::set<int64_t>;
constexpr int devices = 2;
thread_local int current_device = 0;
int64_t works = 0, captures = 0;
bool invalid = false;
std::map<void*, int> memory_devices;  // of what cudaMalloc and cudaMallocHost gave

}  // namespace

// The runtime's opaque types.
struct CUstream_st {
    int device = current_device;
    Before before{};  // all work that what is enqueued next comes after
};
struct CUevent_st {
    int device = current_device;
    Before before{};
};

namespace unmask::fake_runtime {

int64_t last_work() {
    return works;
}
bool comes_after(cudaStream_t stream, int64_t work) {
    return stream->before.contains(work);
}
int64_t open_captures() {
    return captures;
}
void invalidate_next_capture() {
    invalid = true;
}
int thread_device() {
    return current_device;
}
int device_of(void* memory) {
    const auto after = memory_devices.upper_bound(memory);
    return after == memory_devices.begin() ? -1 : std::prev(after)->second;
}

}  // namespace unmask::fake_runtime

namespace {

// Of a thread whose device is the stream's, as CUDA demands of kernels.
cudaError_t enqueue(cudaStream_t stream) {
    if (stream->device != current_device) return cudaErrorInvalidResourceHandle;
    stream->before.insert(++works);
    return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
    *count = devices;
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
    *value = 9;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    std::strcpy(properties->name, "a GPU that is not there");
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    if (device < 0 || device >= devices) return cudaErrorInvalidDevice;
    current_device = device;
    return cudaSuccess;
}
const char* cudaGetErrorName(cudaError_t status) {
    return status == cudaErrorInvalidValue               ? "cudaErrorInvalidValue"
           : status == cudaErrorStreamCaptureInvalidated ? "cudaErrorStreamCaptureInvalidated"
                                                         : "error";
}
const char* cudaGetErrorString(cudaError_t) {
    return "error";
}
cudaError_t cudaGetLastError() {
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
    *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*memory == nullptr) return cudaErrorMemoryAllocation;
    memory_devices[*memory] = current_device;
    return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
    memory_devices.erase(memory);
    std::free(memory);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, size_t bytes) {
    return cudaMalloc(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) {
    return cudaFree(memory);
}
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
    *free_bytes = *total_bytes = 0;
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void*, const void*, size_t, cudaMemcpyKind, cudaStream_t stream) {
    return enqueue(stream);
}
cudaError_t cudaMemsetAsync(void*, int, size_t, cudaStream_t stream) {
    return enqueue(stream);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new CUstream_st;
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    stream->before.insert(event->before.begin(), event->before.end());
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new CUevent_st;
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
    return cudaEventCreateWithFlags(event, 0);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    if (event->device != stream->device) return cudaErrorInvalidResourceHandle;
    event->before = stream->before;
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t) {
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
    *milliseconds = 1;
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
    ++captures;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
    *graph = nullptr;
    --captures;
    return std::exchange(invalid, false) ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t, unsigned long long) {
    *executable = nullptr;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t stream) {
    return enqueue(stream);
}
cudaError_t cudaGraphDestroy(cudaGraph_t) {
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) {
    return cudaSuccess;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
    *handle = nullptr;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t) {
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t, cudaStream_t) {
    return CUDNN_STATUS_SUCCESS;
}
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
    *handle = nullptr;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) {
    return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
