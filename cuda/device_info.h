// SPDX-License-Identifier: Apache-2.0
// What the GPUs of this machine and the CUDA libraries of this build are.
#pragma once

#include <cstddef>
#include <string>

namespace unmask {

struct CudaDeviceInfo {
    std::string name;          // "NVIDIA H200"
    int major = 0, minor = 0;  // compute capability
    int multiprocessors = 0;
    size_t memory_bytes = 0, l2_bytes = 0;
};

// The oldest compute capability with what the kernels need (bfloat16 on tensor cores).
inline constexpr int oldest_major = 8, oldest_minor = 0;

// GPUs that this program can see (CUDA_VISIBLE_DEVICES); 0 where there is no driver.
[[nodiscard]] int cuda_device_count();

// Error when there is no driver, no such device, or its compute capability is below the oldest; it says what
// was expected and found.
[[nodiscard]] CudaDeviceInfo cuda_device_info(int index);

// One line for logs and run records: device, compute capability, memory, versions of driver, runtime, cuDNN
// and cuBLASLt. Without a usable device it says why, and never throws.
[[nodiscard]] std::string describe_cuda(int index = 0);

}  // namespace unmask
