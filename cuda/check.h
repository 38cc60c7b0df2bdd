// SPDX-License-Identifier: Apache-2.0
// Checked calls of the CUDA libraries: a failed one throws Error with the call's text, the status's name, the
// library's own message and, within a kernel call, that call with the shapes of its tensors (cudnn::Refused
// where cuDNN does not take what it was asked for, OutOfMemory where CUDA has no more). The _FOR variants add
// a text that is made only on failure. In destructors use the plain calls: those never throw.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn_graph.h>

#include <string>

#include "engine/error.h"

namespace unmask::cudnn {

// cuDNN does not take what it was asked for (not supported, or a parameter that it refuses), and would not
// the next time either; any other failure (memory, a broken device) is a plain Error.
class Refused : public Error {
  public:
    using Error::Error;
};

}  // namespace unmask::cudnn

namespace unmask::detail {

// ", in NAME(SHAPES)" of the kernel call that is being made; empty outside of one. An error of work that had
// been enqueued is only noticed there, or outside, which the text says with how its call can be found.
[[nodiscard]] std::string where_noticed(cudaError_t status = cudaSuccess);
[[noreturn]] void cuda_failed(cudaError_t status, const char* call, const std::string& context = {});
[[noreturn]] void cudnn_failed(cudnnStatus_t status, const char* call, const std::string& context = {});
[[noreturn]] void cublas_failed(cublasStatus_t status, const char* call, const std::string& context = {});

}  // namespace unmask::detail

#define UNMASK_CHECKED(call, success, failed, ...)                                     \
    do {                                                                               \
        const auto unmask_status = (call);                                             \
        if (unmask_status != success)                                                  \
            ::unmask::detail::failed(unmask_status, #call __VA_OPT__(, ) __VA_ARGS__); \
    } while (false)

#define UNMASK_CUDA(call) UNMASK_CHECKED(call, cudaSuccess, cuda_failed)
#define UNMASK_CUDNN(call) UNMASK_CHECKED(call, CUDNN_STATUS_SUCCESS, cudnn_failed)
#define UNMASK_CUBLAS(call) UNMASK_CHECKED(call, CUBLAS_STATUS_SUCCESS, cublas_failed)

#define UNMASK_CUDA_FOR(call, ...) UNMASK_CHECKED(call, cudaSuccess, cuda_failed, __VA_ARGS__)
#define UNMASK_CUDNN_FOR(call, ...) UNMASK_CHECKED(call, CUDNN_STATUS_SUCCESS, cudnn_failed, __VA_ARGS__)
#define UNMASK_CUBLAS_FOR(call, ...) UNMASK_CHECKED(call, CUBLAS_STATUS_SUCCESS, cublas_failed, __VA_ARGS__)

namespace unmask::cudnn {

// What cuDNN says of the latest failure on this thread; empty when it says nothing.
[[nodiscard]] std::string last_message();

}  // namespace unmask::cudnn
