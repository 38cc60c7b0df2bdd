// SPDX-License-Identifier: Apache-2.0
// The context of one GPU: see context.h.
#include "cuda/context.h"

#include <fmt/format.h>

#include <cstdlib>

#include "cuda/allocation.h"
#include "cuda/check.h"
#include "cuda/cudnn/plan_cache.h"
#include "cuda/nvtx.h"
#include "cuda/stream.h"
#include "cuda/upload.h"
#include "engine/error.h"
#include "engine/range.h"

namespace unmask {
namespace {

bool ending = false;

std::shared_ptr<Context> make_context(int index) {
    auto result = std::make_shared<CudaContext>(index);
    static const bool once = [] {
        std::atexit([] { ending = true; });
        install_nvtx_ranges();
        return true;
    }();
    static_cast<void>(once);
    return result;
}

[[maybe_unused]] const bool registered = [] {
    set_context_factory(DeviceType::cuda, &make_context, &cuda_device_count);
    return true;
}();

}  // namespace

Stream stream_of(const Tensor& tensor) {
    CudaContext& context = CudaContext::of(tensor);
    context.make_current();
    return context.stream();
}

unsigned* arrival_counters(const Tensor& tensor) {
    return CudaContext::of(tensor).arrival_counters();
}

CudaContext::CudaContext(int index) : index_(index), info_(cuda_device_info(index)) {
    make_current();
    UNMASK_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    current_ = stream_;
    memory_ = std::make_unique<DeviceMemory>(
        [index](size_t bytes) { return take_device_memory(index, bytes); },
        [index](void* memory, size_t) { give_device_memory(index, memory); },
        std::getenv("UNMASK_NO_CUDA_MEMORY_CACHING") == nullptr ? CachingPool::Reuse::same_class
                                                                : CachingPool::Reuse::none);
    staging_ = std::make_unique<Staging>(stream_);
    arrivals_ = make_arrival_counters();
}

CudaContext::~CudaContext() {
    if (program_ends()) {
        for (auto& [type, service] : services_) new std::shared_ptr<void>(std::move(service));
        static_cast<void>(staging_.release());
        static_cast<void>(memory_.release());
        return;
    }
    if (cudaSetDevice(index_) == cudaSuccess) cudaStreamSynchronize(stream_);
    services_.clear();
    if (cudnn_ != nullptr) cudnnDestroy(cudnn_);
    if (cublaslt_ != nullptr) cublasLtDestroy(cublaslt_);
    if (cublaslt_workspace_ != nullptr) memory_->release(cublaslt_workspace_, cublaslt_workspace_bytes);
    release_arrival_counters(arrivals_);
    workspace_.block.reset();
    for (Chain& chain : chains_) end_chain(chain);
    if (forked_ != nullptr) cudaEventDestroy(forked_);
    staging_.reset();
    memory_.reset();
    cudaStreamDestroy(stream_);
}

bool CudaContext::program_ends() {
    return ending;
}

CudaContext& CudaContext::of(const Tensor& tensor) {
    Context& context = *tensor.buffer()->context();
    UNMASK_ASSERT(context.device().type == DeviceType::cuda);
    return static_cast<CudaContext&>(context);
}

void CudaContext::make_current() const {
    UNMASK_CUDA_FOR(cudaSetDevice(index_), "device " + name_of(device()));
}

void* CudaContext::try_allocate(size_t bytes) {
    return memory_->allocate(bytes);
}

void* CudaContext::allocate(size_t bytes) {
    void* memory = try_allocate(bytes);
    if (memory != nullptr) return memory;
    size_t free_bytes = 0, total_bytes = 0;
    if (cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess) static_cast<void>(cudaGetLastError());
    const MemoryStatistics used = this->memory();
    throw OutOfMemory(fmt::format(
        "out of memory: device {} has no {} bytes left ({} in use, {} reserved, {} of {} free on the device)",
        name_of(device()), bytes, used.used_bytes, used.reserved_bytes, free_bytes, total_bytes));
}

void CudaContext::release_cached() {
    refuse_while_capturing("give memory back");
    if (forked_chains_ == 0) {  // what captured work needs of these, it keeps
        workspace_.block.reset();
        for (Chain& chain : chains_) chain.workspace.block.reset();
    }
    memory_->release_cached();
}

void CudaContext::refuse_while_capturing(const char* what) const {
    if (capturing_) fail("device {}: captured work cannot {}", name_of(device()), what);
}

// The main stream does not see what the chains' streams have done so far.
void CudaContext::refuse_in_chains(const char* what) const {
    if (forked_chains_ > 0) fail("device {}: a chain cannot {}", name_of(device()), what);
}

void CudaContext::copy_from_host(void* destination, const void* source, size_t bytes) {
    if (bytes == 0) return;
    refuse_while_capturing("copy from the host, whose memory may change before the work runs");
    refuse_in_chains("copy from the host");
    make_current();
    staging_->to_device(destination, source, bytes);
}

std::unique_ptr<Upload> CudaContext::make_upload() {
    return make_cuda_upload(shared_from_this());
}

void CudaContext::copy_to_host(void* destination, const void* source, size_t bytes) {
    if (bytes == 0) return;
    refuse_while_capturing("wait for the device (copy to the host)");
    refuse_in_chains("copy to the host");
    make_current();
    staging_->to_host(destination, source, bytes);
}

void CudaContext::copy_on_device(void* destination, const void* source, size_t bytes) {
    if (bytes == 0) return;
    make_current();
    const Range range("copy on the device");
    UNMASK_CUDA_FOR(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDeviceToDevice, current_),
                    fmt::format("copying {} bytes on the device", bytes));
}

void CudaContext::fill_zero(void* destination, size_t bytes) {
    if (bytes == 0) return;
    make_current();
    const Range range("fill with zeros");
    UNMASK_CUDA_FOR(cudaMemsetAsync(destination, 0, bytes, current_),
                    fmt::format("filling {} bytes with zeros", bytes));
}

void CudaContext::synchronize() {
    refuse_while_capturing("wait for the device");
    refuse_in_chains("wait for the device");
    make_current();
    const Range range("wait for the device");
    UNMASK_CUDA(cudaStreamSynchronize(stream_));
}

cudnnContext* CudaContext::cudnn() {
    if (cudnn_ != nullptr) return cudnn_;
    make_current();
    cudnnHandle_t handle = nullptr;
    UNMASK_CUDNN(cudnnCreate(&handle));
    cudnn_ = handle;
    UNMASK_CUDNN(cudnnSetStream(cudnn_, current_));
    return cudnn_;
}

cublasLtContext* CudaContext::cublaslt() {
    if (cublaslt_ != nullptr) return cublaslt_;
    make_current();
    cublasLtHandle_t handle = nullptr;
    UNMASK_CUBLAS(cublasLtCreate(&handle));
    cublaslt_ = handle;
    return cublaslt_;
}

void* CudaContext::cublaslt_workspace() {
    if (chain_ >= 0) return chains_[static_cast<size_t>(chain_)].cublaslt_workspace;
    if (cublaslt_workspace_ == nullptr) cublaslt_workspace_ = allocate(cublaslt_workspace_bytes);
    return cublaslt_workspace_;
}

const cudnn::Choices* CudaContext::choices() const {
    const auto found = services_.find(typeid(cudnn::PlanCache));
    if (found == services_.end()) return nullptr;
    return &static_cast<const cudnn::PlanCache*>(found->second.get())->choices();
}

std::string CudaContext::tuning() const {
    const cudnn::Choices* made = choices();
    return made == nullptr ? std::string() : made->json();
}

std::string CudaContext::chosen(const std::string& problem) const {
    const cudnn::Choices* made = choices();
    return made == nullptr ? std::string() : made->find_name(problem);
}

void CudaContext::keep_choice(const std::string& problem, const std::string& choice) {
    service<cudnn::PlanCache>().keep_choice(problem, choice);
}

std::string CudaContext::set_tuning(const std::string& json) {
    return json.empty() ? std::string() : service<cudnn::PlanCache>().import_choices(json);
}

}  // namespace unmask
