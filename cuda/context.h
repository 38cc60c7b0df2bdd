// SPDX-License-Identifier: Apache-2.0
// The context of one GPU: its stream, memory, library handles and their workspace, pinned staging buffers,
// plan caches, and captured work (CUDA graphs). Everything runs on one stream, so memory is reused in stream
// order and results do not depend on timing. One thread at a time enqueues work; memory may be released from
// any.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <typeindex>
#include <vector>

#include "cuda/device_info.h"
#include "cuda/memory.h"
#include "cuda/staging.h"
#include "engine/context.h"
#include "engine/tensor.h"

struct cudnnContext;
struct cublasLtContext;

namespace unmask {
namespace cudnn {
class Choices;
}

class CudaContext final : public Context, public std::enable_shared_from_this<CudaContext> {
  public:
    // Error as cuda_device_info's.
    explicit CudaContext(int index);
    ~CudaContext() override;
    // The context behind a tensor on a GPU.
    [[nodiscard]] static CudaContext& of(const Tensor& tensor);
    // The libraries take themselves down in an order of their own when the program ends; what contexts hold
    // is left to the driver then.
    [[nodiscard]] static bool program_ends();

    [[nodiscard]] Device device() const override { return {DeviceType::cuda, index_}; }
    [[nodiscard]] const CudaDeviceInfo& info() const { return info_; }

    // Aligned to 256 bytes; Error names the bytes wanted, in use, and free on the device.
    [[nodiscard]] void* allocate(size_t bytes) override;
    [[nodiscard]] void* try_allocate(size_t bytes);  // nullptr instead of an Error
    void release(void* memory, size_t bytes) noexcept override { memory_->release(memory, bytes); }
    [[nodiscard]] MemoryStatistics memory() const override { return memory_->statistics(); }
    void reset_peak() override { memory_->reset_peak(); }
    void release_cached() override;

    // In stream order. copy_to_host waits for the bytes; copy_from_host returns when `source` may change.
    // Both, and synchronize, throw Error inside a capture and between fork and join.
    [[nodiscard]] std::unique_ptr<Upload> make_upload() override;
    void copy_from_host(void* destination, const void* source, size_t bytes) override;
    void copy_to_host(void* destination, const void* source, size_t bytes) override;
    void copy_on_device(void* destination, const void* source, size_t bytes) override;
    void fill_zero(void* destination, size_t bytes) override;
    void synchronize() override;

    [[nodiscard]] std::string tuning() const override;
    [[nodiscard]] std::string set_tuning(const std::string& json) override;
    [[nodiscard]] std::string chosen(const std::string& problem) const override;
    void keep_choice(const std::string& problem, const std::string& choice) override;

    [[nodiscard]] bool can_capture() const override { return true; }
    // Memory that existed before and is freed inside stays with the result too, since its kernels may read
    // it. No copy from or to the host, no waiting and no capture inside. Algorithms that were not chosen
    // before are chosen without timing: run the work once before capturing it. Error when the capture breaks;
    // what `work` throws passes through after the capture has been ended.
    [[nodiscard]] std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) override;
    [[nodiscard]] bool capturing() const { return capturing_; }
    // Error between fork and join, and while work is captured.
    void refuse_to_run_captured() const;
    // While work is captured: what its kernels use lives as long as the result. Otherwise nothing.
    void keep_for_capture(const std::shared_ptr<const void>& used) {
        if (capturing_) captured_.insert(used);
    }

    // A chain is a stream of its own with its own memory, cuBLASLt workspace and counters; the cuDNN handle
    // moves along.
    void fork(int chains) override;
    void use_chain(int chain) override;
    void join() override;

    // What is enqueued on `other`, a stream of this device, from here on comes after all that was enqueued
    // here, in every chain.
    void precede(cudaStream_t other);

    // Makes this device current for the calling thread; every call here does so itself.
    void make_current() const;
    // The current chain's stream, or outside of chains the device's.
    [[nodiscard]] cudaStream_t stream() const { return current_; }
    // Made at the first call and bound to the stream.
    [[nodiscard]] cudnnContext* cudnn();
    [[nodiscard]] cublasLtContext* cublaslt();
    // One fixed workspace, so that cuBLASLt computes the same bytes every time.
    static constexpr size_t cublaslt_workspace_bytes = size_t{32} << 20;
    [[nodiscard]] void* cublaslt_workspace();

    // The current stream's counters, see stream.h.
    [[nodiscard]] unsigned* arrival_counters();

    // At least that many bytes for what is enqueued next on the current stream; each use may overwrite what
    // the one before left there. One block a stream, which grows outside of captures and which captured work
    // keeps: as much as was wanted since the last capture is made ready before one. nullptr for 0 bytes, when
    // the device has no more, and where it would have to grow in a capture.
    [[nodiscard]] void* shared_workspace(size_t bytes);

    // An object of this context's, made at the first call as T(context): plan caches.
    template <class T>
    [[nodiscard]] T& service() {
        std::shared_ptr<void>& place = services_[typeid(T)];
        if (place == nullptr) place = std::make_shared<T>(*this);
        return *static_cast<T*>(place.get());
    }

  private:
    // What shared_workspace gives on one stream.
    struct Workspace {
        std::shared_ptr<const SharedBlock> block;
        size_t wanted = 0;  // the most bytes outside of captures since the last one

        // Makes the block as large, where it has not `least` bytes; if there is no memory for it, of `least`.
        void fill(DeviceMemory& memory, size_t least);
    };
    struct Chain {
        cudaStream_t stream = nullptr;
        cudaEvent_t done = nullptr;
        void* cublaslt_workspace = nullptr;
        unsigned* arrivals = nullptr;
        Workspace workspace;
    };
    [[nodiscard]] const cudnn::Choices* choices() const;  // null when none were asked for yet
    void refuse_while_capturing(const char* what) const;
    void refuse_in_chains(const char* what) const;
    [[nodiscard]] Chain make_chain();
    void end_chain(Chain& chain) noexcept;
    void set_stream(int chain);
    [[nodiscard]] unsigned* make_arrival_counters();
    void release_arrival_counters(unsigned* counters) noexcept;  // null: none

    int index_;
    CudaDeviceInfo info_;
    cudaStream_t stream_ = nullptr, current_ = nullptr;
    std::vector<Chain> chains_;  // made when first forked so wide
    cudaEvent_t forked_ = nullptr;
    int forked_chains_ = 0, chain_ = -1;
    std::unique_ptr<DeviceMemory> memory_;
    std::unique_ptr<Staging> staging_;
    cudnnContext* cudnn_ = nullptr;
    cublasLtContext* cublaslt_ = nullptr;
    void* cublaslt_workspace_ = nullptr;
    unsigned* arrivals_ = nullptr;
    Workspace workspace_;
    std::map<std::type_index, std::shared_ptr<void>> services_;
    bool capturing_ = false;
    std::set<std::shared_ptr<const void>> captured_;
};

// Memory for the work that is enqueued while it lives: what comes later in the stream may reuse it at once.
class Scratch {
  public:
    // `memory` is nullptr, for 0 bytes too, or what try_allocate gave.
    Scratch(CudaContext& context, size_t bytes)
        : context_(context), bytes_(bytes), memory_(bytes == 0 ? nullptr : context.try_allocate(bytes)) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        if (memory_ != nullptr) context_.release(memory_, bytes_);
    }
    [[nodiscard]] void* memory() const { return memory_; }
    [[nodiscard]] bool enough() const { return bytes_ == 0 || memory_ != nullptr; }

  private:
    CudaContext& context_;
    size_t bytes_;
    void* memory_;
};

}  // namespace unmask
