// SPDX-License-Identifier: Apache-2.0
// Staged copies: see staging.h.
#include "cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "cuda/check.h"

namespace unmask {

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
    prepare();
    constexpr size_t alignment = 256;
    size_t done = 0;
    while (done < bytes) {
        if (filled_ == capacity) {
            UNMASK_CUDA(cudaEventRecord(halves_[current_].passed, stream_));
            current_ = 1 - current_;
            filled_ = 0;
            UNMASK_CUDA(cudaEventSynchronize(halves_[current_].passed));
        }
        const size_t part = std::min(bytes - done, capacity - filled_);
        std::byte* pinned = halves_[current_].memory + filled_;
        std::memcpy(pinned, static_cast<const std::byte*>(source) + done, part);
        UNMASK_CUDA(cudaMemcpyAsync(static_cast<std::byte*>(destination) + done, pinned, part,
                                    cudaMemcpyHostToDevice, stream_));
        filled_ = std::min(capacity, (filled_ + part + alignment - 1) / alignment * alignment);
        done += part;
    }
}

void Staging::to_host(void* destination, const void* source, size_t bytes) {
    if (bytes == 0) return;
    prepare();
    // The halves may still feed copies to the device; those come earlier in the same stream.
    const auto fetch = [&](size_t begin, size_t half) {
        const size_t part = std::min(capacity, bytes - begin);
        UNMASK_CUDA(cudaMemcpyAsync(halves_[half].memory, static_cast<const std::byte*>(source) + begin, part,
                                    cudaMemcpyDeviceToHost, stream_));
        UNMASK_CUDA(cudaEventRecord(halves_[half].passed, stream_));
    };
    if (bytes > 0) fetch(0, 0);
    size_t half = 0;
    for (size_t begin = 0; begin < bytes; begin += capacity, half = 1 - half) {
        if (begin + capacity < bytes) fetch(begin + capacity, 1 - half);
        UNMASK_CUDA(cudaEventSynchronize(halves_[half].passed));
        std::memcpy(static_cast<std::byte*>(destination) + begin, halves_[half].memory,
                    std::min(capacity, bytes - begin));
    }
    // The stream has passed everything before, so both halves are free.
    filled_ = 0;
}

}  // namespace unmask
