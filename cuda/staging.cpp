// SPDX-License-Identifier: Apache-2.0
// Staged copies: see staging.h.
#include "cuda/staging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "cuda/check.h"
#include "engine/range.h"

namespace unmask {
namespace {

std::string to_device_text(size_t bytes) {
    return fmt::format("copying {} bytes to the device", bytes);
}
std::string to_host_text(size_t bytes) {
    return fmt::format("copying {} bytes from the device", bytes);
}

}  // namespace

Staging::~Staging() {
    for (const Half& half : halves_) {
        if (half.passed != nullptr) cudaEventDestroy(half.passed);
        if (half.memory != nullptr) cudaFreeHost(half.memory);
    }
}

void Staging::prepare() {
    for (Half& half : halves_) {
        if (half.passed == nullptr)
            UNMASK_CUDA(cudaEventCreateWithFlags(&half.passed, cudaEventDisableTiming));
        if (half.memory == nullptr) {
            void* memory = nullptr;
            UNMASK_CUDA(cudaMallocHost(&memory, capacity));
            half.memory = static_cast<std::byte*>(memory);
        }
    }
}

void Staging::to_device(void* destination, const void* source, size_t bytes) {
    const Range range("copy to the device");
    prepare();
    constexpr size_t alignment = 256;
    size_t done = 0;
    while (done < bytes) {
        if (filled_ == capacity) {
            UNMASK_CUDA(cudaEventRecord(halves_[current_].passed, stream_));
            current_ = 1 - current_;
            filled_ = 0;
            UNMASK_CUDA_FOR(cudaEventSynchronize(halves_[current_].passed), to_device_text(bytes));
        }
        const size_t part = std::min(bytes - done, capacity - filled_);
        std::byte* pinned = halves_[current_].memory + filled_;
        std::memcpy(pinned, static_cast<const std::byte*>(source) + done, part);
        UNMASK_CUDA_FOR(cudaMemcpyAsync(static_cast<std::byte*>(destination) + done, pinned, part,
                                        cudaMemcpyHostToDevice, stream_),
                        to_device_text(bytes));
        filled_ = std::min(capacity, (filled_ + part + alignment - 1) / alignment * alignment);
        done += part;
    }
}

void Staging::to_host(void* destination, const void* source, size_t bytes) {
    if (bytes == 0) return;
    const Range range("copy from the device");
    prepare();
    // The halves may still feed copies to the device; those come earlier in the same stream.
    const auto fetch = [&](size_t begin, size_t half) {
        const size_t part = std::min(capacity, bytes - begin);
        UNMASK_CUDA_FOR(cudaMemcpyAsync(halves_[half].memory, static_cast<const std::byte*>(source) + begin,
                                        part, cudaMemcpyDeviceToHost, stream_),
                        to_host_text(bytes));
        UNMASK_CUDA(cudaEventRecord(halves_[half].passed, stream_));
    };
    if (bytes > 0) fetch(0, 0);
    size_t half = 0;
    for (size_t begin = 0; begin < bytes; begin += capacity, half = 1 - half) {
        if (begin + capacity < bytes) fetch(begin + capacity, 1 - half);
        UNMASK_CUDA_FOR(cudaEventSynchronize(halves_[half].passed), to_host_text(bytes));
        std::memcpy(static_cast<std::byte*>(destination) + begin, halves_[half].memory,
                    std::min(capacity, bytes - begin));
    }
    // The stream has passed everything before, so both halves are free.
    filled_ = 0;
}

}  // namespace unmask
