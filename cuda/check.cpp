// SPDX-License-Identifier: Apache-2.0
// The texts of failed calls of the CUDA libraries.
#include "cuda/check.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "engine/error.h"
#include "engine/ops/kernel_work.h"

namespace unmask {
namespace {

std::string text_of(std::string_view library, std::string_view call, std::string_view name,
                    std::string_view message, const std::string& context, cudaError_t status = cudaSuccess) {
    std::string text = fmt::format("{}: {} failed with {}", library, call, name);
    if (!message.empty()) text += fmt::format(" ({})", message);
    if (!context.empty()) text += fmt::format(", {}", context);
    return text + detail::where_noticed(status);
}

// What a kernel did wrong as it ran, which any later call may return.
bool is_asynchronous(cudaError_t status) {
    constexpr cudaError_t faults[] = {cudaErrorECCUncorrectable,
                                      cudaErrorIllegalAddress,
                                      cudaErrorLaunchTimeout,
                                      cudaErrorLaunchFailure,
                                      cudaErrorAssert,
                                      cudaErrorIllegalInstruction,
                                      cudaErrorMisalignedAddress,
                                      cudaErrorInvalidAddressSpace,
                                      cudaErrorInvalidPc,
                                      cudaErrorHardwareStackError};
    return std::ranges::find(faults, status) != std::end(faults);
}

}  // namespace

std::string detail::where_noticed(cudaError_t status) {
    const KernelCall* call = KernelCall::current();
    if (!is_asynchronous(status)) return call == nullptr ? "" : fmt::format(", in {}", text_of(*call));
    const std::string noticed = call == nullptr ? "" : fmt::format(", noticed in {}", text_of(*call));
    return noticed +
           "; work enqueued before may be the cause (with the environment variable CUDA_LAUNCH_BLOCKING=1 "
           "every "
           "launch tells its own errors; recorded work is not launched one by one, but `unmask bench "
           "--no-graph` runs the same steps so)";
}

std::string cudnn::last_message() {
    std::array<char, 2048> text{};
    cudnnGetLastErrorString(text.data(), text.size());
    text.back() = '\0';
    std::string result(text.data());
    while (!result.empty() && (result.back() == '\n' || result.back() == ' ')) result.pop_back();
    return result;
}

void detail::cuda_failed(cudaError_t status, const char* call, const std::string& context) {
    static_cast<void>(cudaGetLastError());  // else the next, innocent check would report it again
    const std::string text =
        text_of("CUDA", call, cudaGetErrorName(status), cudaGetErrorString(status), context, status);
    if (status == cudaErrorMemoryAllocation) throw OutOfMemory(text);
    throw Error(text);
}

void detail::cudnn_failed(cudnnStatus_t status, const char* call, const std::string& context) {
    const std::string text =
        text_of("cuDNN", call, cudnnGetErrorString(status), cudnn::last_message(), context);
    const int category = static_cast<int>(status) / 1000 * 1000;  // CUDNN_STATUS_CATEGORY, from 9.0 on
    if (category == CUDNN_STATUS_NOT_SUPPORTED || category == CUDNN_STATUS_BAD_PARAM)
        throw cudnn::Refused(text);
    throw Error(text);
}

void detail::cublas_failed(cublasStatus_t status, const char* call, const std::string& context) {
    throw Error(
        text_of("cuBLASLt", call, cublasLtGetStatusName(status), cublasLtGetStatusString(status), context));
}

}  // namespace unmask
