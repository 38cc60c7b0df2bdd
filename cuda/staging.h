// SPDX-License-Identifier: Apache-2.0
// Copies between pageable host memory and a device through two pinned buffers, so that small copies to the
// device do not wait for it and large ones overlap the host's memcpy with the transfer.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>

namespace unmask {

class Staging {
  public:
    // Nothing is allocated before the first copy.
    explicit Staging(cudaStream_t stream) : stream_(stream) {}
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    ~Staging();

    // `source` may change as soon as this returns; the device sees the bytes in stream order.
    void to_device(void* destination, const void* source, size_t bytes);
    // Waits until the bytes have arrived.
    void to_host(void* destination, const void* source, size_t bytes);

  private:
    static constexpr size_t capacity = size_t{4} << 20;  // bytes of each buffer

    struct Half {
        std::byte* memory = nullptr;   // pinned
        cudaEvent_t passed = nullptr;  // recorded behind the last copy that uses this half
    };
    void prepare();

    cudaStream_t stream_;
    std::array<Half, 2> halves_;
    size_t current_ = 0;  // the half being filled
    size_t filled_ = 0;   // its bytes in use by copies under way
};

}  // namespace unmask
