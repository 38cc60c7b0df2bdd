// SPDX-License-Identifier: Apache-2.0
#include "cuda/upload.h"

#include <utility>

#include "cuda/check.h"
#include "cuda/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

class CudaUpload final : public Upload {
  public:
    explicit CudaUpload(std::shared_ptr<CudaContext> context)
        : context_(std::move(context)), copies_(context_->service<UploadStream>()) {
        context_->make_current();
        UNMASK_CUDA(cudaEventCreateWithFlags(&released_, cudaEventDisableTiming));
        const cudaError_t status = cudaEventCreateWithFlags(&arrived_, cudaEventDisableTiming);
        if (status != cudaSuccess) cudaEventDestroy(released_);
        UNMASK_CUDA(status);
    }
    ~CudaUpload() override {
        if (CudaContext::program_ends()) return;
        // The memory goes back for later work of the context's stream, which must not come before the copies.
        if (under_way_ && cudaEventRecord(arrived_, copies_.stream()) == cudaSuccess)
            cudaStreamWaitEvent(context_->stream(), arrived_, 0);
        cudaEventDestroy(arrived_);
        cudaEventDestroy(released_);
    }

    void release() override {
        context_->make_current();
        UNMASK_CUDA(cudaEventRecord(released_, context_->stream()));
        UNMASK_CUDA(cudaStreamWaitEvent(copies_.stream(), released_, 0));
    }
    void copy(void* destination, const void* source, size_t bytes) override {
        if (context_->capturing())
            fail("device {}: captured work cannot copy from the host", name_of(context_->device()));
        context_->make_current();
        under_way_ = true;
        copies_.staging().to_device(destination, source, bytes);
    }
    void arrive() override {
        context_->make_current();
        UNMASK_CUDA(cudaEventRecord(arrived_, copies_.stream()));
        UNMASK_CUDA(cudaStreamWaitEvent(context_->stream(), arrived_, 0));
        under_way_ = false;
    }

  private:
    std::shared_ptr<CudaContext> context_;
    UploadStream& copies_;
    cudaEvent_t released_ = nullptr, arrived_ = nullptr;
    bool under_way_ = false;
};

}  // namespace

UploadStream::UploadStream(CudaContext& context) {
    context.make_current();
    UNMASK_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    staging_ = std::make_unique<Staging>(stream_);
}

UploadStream::~UploadStream() {
    cudaStreamSynchronize(stream_);
    staging_.reset();
    cudaStreamDestroy(stream_);
}

std::unique_ptr<Upload> make_cuda_upload(std::shared_ptr<CudaContext> context) {
    return std::make_unique<CudaUpload>(std::move(context));
}

}  // namespace unmask
