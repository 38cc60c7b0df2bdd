// SPDX-License-Identifier: Apache-2.0
// Chains of a GPU's work as streams (see CudaContext::fork), and what each stream has of its own.
#include <algorithm>
#include <utility>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/stream.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr size_t arrival_bytes = sizeof(unsigned) * arrival_counter_count;

}  // namespace

void CudaContext::set_stream(int chain) {
    chain_ = chain;
    current_ = chain < 0 ? stream_ : chains_[static_cast<size_t>(chain)].stream;
    memory_->use_chain(chain);
    if (cudnn_ != nullptr) UNMASK_CUDNN(cudnnSetStream(cudnn_, current_));
}

CudaContext::Chain CudaContext::make_chain() {
    Chain chain;
    chain.cublaslt_workspace = allocate(cublaslt_workspace_bytes);
    try {
        UNMASK_CUDA(cudaStreamCreateWithFlags(&chain.stream, cudaStreamNonBlocking));
        UNMASK_CUDA(cudaEventCreateWithFlags(&chain.done, cudaEventDisableTiming));
        chain.arrivals = make_arrival_counters();
    } catch (const Error&) {
        end_chain(chain);
        throw;
    }
    return chain;
}

void CudaContext::end_chain(Chain& chain) noexcept {
    chain.workspace.block.reset();
    release_arrival_counters(chain.arrivals);
    if (chain.done != nullptr) cudaEventDestroy(chain.done);
    if (chain.stream != nullptr) cudaStreamDestroy(chain.stream);
    memory_->release(chain.cublaslt_workspace, cublaslt_workspace_bytes);
}

// Zeros from the device's own stream, whose memory it is and which every fork makes the chains wait for.
unsigned* CudaContext::make_arrival_counters() {
    void* memory = allocate(arrival_bytes);
    const cudaError_t status = cudaMemsetAsync(memory, 0, arrival_bytes, stream_);
    if (status != cudaSuccess) memory_->release(memory, arrival_bytes);
    UNMASK_CUDA(status);
    return static_cast<unsigned*>(memory);
}

void CudaContext::release_arrival_counters(unsigned* counters) noexcept {
    if (counters != nullptr) memory_->release(counters, arrival_bytes);
}

unsigned* CudaContext::arrival_counters() {
    return chain_ < 0 ? arrivals_ : chains_[static_cast<size_t>(chain_)].arrivals;
}

void CudaContext::fork(int chains) {
    UNMASK_ASSERT(forked_chains_ == 0 && chains > 0);
    make_current();
    if (chains_.size() < static_cast<size_t>(chains)) refuse_while_capturing("fork wider than before");
    if (forked_ == nullptr) UNMASK_CUDA(cudaEventCreateWithFlags(&forked_, cudaEventDisableTiming));
    while (chains_.size() < static_cast<size_t>(chains)) chains_.push_back(make_chain());
    UNMASK_CUDA(cudaEventRecord(forked_, stream_));
    for (int i = 0; i < chains; ++i)
        UNMASK_CUDA(cudaStreamWaitEvent(chains_[static_cast<size_t>(i)].stream, forked_));
    forked_chains_ = chains;
}

void CudaContext::use_chain(int chain) {
    UNMASK_ASSERT(chain >= 0 && chain < forked_chains_);
    set_stream(chain);
}

void CudaContext::join() {
    const int count = std::exchange(forked_chains_, 0);
    set_stream(-1);  // first, so that a failure below does not leave the context in a chain
    for (int i = 0; i < count; ++i) {
        const Chain& chain = chains_[static_cast<size_t>(i)];
        UNMASK_CUDA(cudaEventRecord(chain.done, chain.stream));
        UNMASK_CUDA(cudaStreamWaitEvent(stream_, chain.done));
    }
}

void CudaContext::precede(cudaStream_t other) {
    make_current();
    if (forked_chains_ == 0) {
        if (forked_ == nullptr) UNMASK_CUDA(cudaEventCreateWithFlags(&forked_, cudaEventDisableTiming));
        UNMASK_CUDA(cudaEventRecord(forked_, stream_));
        UNMASK_CUDA(cudaStreamWaitEvent(other, forked_, 0));
    }
    for (int i = 0; i < forked_chains_; ++i) {
        const Chain& chain = chains_[static_cast<size_t>(i)];
        UNMASK_CUDA(cudaEventRecord(chain.done, chain.stream));
        UNMASK_CUDA(cudaStreamWaitEvent(other, chain.done, 0));
    }
}

void* CudaContext::shared_workspace(size_t bytes) {
    if (bytes == 0) return nullptr;
    Workspace& workspace = chain_ < 0 ? workspace_ : chains_[static_cast<size_t>(chain_)].workspace;
    if (!capturing_) {
        workspace.wanted = std::max(workspace.wanted, bytes);
        workspace.fill(*memory_, bytes);
    }
    if (workspace.block == nullptr || workspace.block->bytes() < bytes) return nullptr;
    keep_for_capture(workspace.block);
    return workspace.block->memory();
}

void CudaContext::Workspace::fill(DeviceMemory& memory, size_t least) {
    if (wanted == 0 || (block != nullptr && block->bytes() >= least)) return;
    block.reset();  // first, so that the two are not held together
    for (const size_t bytes : {wanted, least}) {
        auto larger = std::make_shared<const SharedBlock>(memory, bytes);
        wanted = bytes;
        if (larger->memory() == nullptr) continue;
        block = std::move(larger);
        return;
    }
}

}  // namespace unmask
