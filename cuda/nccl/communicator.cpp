// SPDX-License-Identifier: Apache-2.0
// Ranks with a GPU each, by NCCL. All calls go to one stream of their own, in the order in which they are
// made: what waits for a result makes the context's stream wait, what does not goes on beside it. Capture
// records both.
#include <memory>
#include <utility>
#include <vector>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/nccl/connection.h"
#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

class NcclCommunicator final : public Communicator {
  public:
    NcclCommunicator(Device device, ProcessGroup& group)
        : context_(std::static_pointer_cast<CudaContext>(context_of(device))),
          rank_(group.rank()),
          size_(group.size()) {
        const ncclUniqueId id = shared_id(group);
        context_->make_current();
        connection_ = std::make_unique<NcclConnection>(rank_, size_, id, group.patience());
        UNMASK_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
        for (cudaEvent_t* event : {&reached_, &done_, &waited_})
            UNMASK_CUDA(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
    }
    ~NcclCommunicator() override {
        if (CudaContext::program_ends()) {
            static_cast<void>(connection_.release());
            return;
        }
        connection_.reset();
        for (cudaEvent_t event : {waited_, done_, reached_}) cudaEventDestroy(event);
        cudaStreamDestroy(stream_);
    }

    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return size_; }
    [[nodiscard]] Device device() const override { return context_->device(); }

    void all_gather(const Tensor& own, Tensor& all) override {
        if (own.bytes() * size_t(size_) != all.bytes())
            fail("all_gather: expected room for {} times {}, found {}", size_, own.shape().str(),
                 all.shape().str());
        follow();
        connection_->all_gather(own.raw(), all.raw(), own.bytes(), stream_);
        lead();
    }
    void all_reduce(Tensor& values) override {
        follow();
        sum(values);
        lead();
    }
    void broadcast(Tensor& values, int from) override {
        follow();
        connection_->broadcast(values.raw(), values.bytes(), from, stream_);
        lead();
    }
    // The values may be of several chains: a bucket of gradients spans branches.
    void begin_all_reduce(Tensor values) override {
        context_->precede(stream_);
        sum(values);
        begun_.push_back(std::move(values));
    }
    void finish_all_reduces() override {
        if (begun_.empty()) return;
        lead();
        begun_.clear();
    }

    void wait() override {
        context_->make_current();
        UNMASK_CUDA(cudaEventRecord(waited_, context_->stream()));
        connection_->wait([this] {
            const cudaError_t status = cudaEventQuery(waited_);
            if (status != cudaErrorNotReady) UNMASK_CUDA(status);
            return status == cudaSuccess;
        });
    }
    [[nodiscard]] std::unique_ptr<RankWatch> watch() override { return connection_->watch(); }
    void leave() override {
        context_->make_current();
        connection_->leave();
    }

  private:
    static ncclUniqueId shared_id(ProcessGroup& group) {
        ncclUniqueId id{};
        if (group.rank() == 0) id = NcclConnection::unique_id();
        Tensor bytes = Tensor::empty({int64_t{sizeof(id)}}, DType::u8);
        bytes.buffer()->context()->copy_from_host(bytes.raw(), &id, sizeof(id));
        group.broadcast(bytes, 0);
        bytes.buffer()->context()->copy_to_host(&id, bytes.raw(), sizeof(id));
        return id;
    }
    void sum(Tensor& values) {
        if (values.dtype() != DType::f32 && values.dtype() != DType::f64)
            fail("all_reduce: expected f32 or f64, found {}", name_of(values.dtype()));
        const ncclDataType_t type = values.dtype() == DType::f32 ? ncclFloat32 : ncclFloat64;
        connection_->all_reduce(values.raw(), size_t(values.numel()), type, stream_);
    }
    // The calls' stream comes after what the context's stream has been given.
    void follow() const {
        context_->make_current();
        UNMASK_CUDA(cudaEventRecord(reached_, context_->stream()));
        UNMASK_CUDA(cudaStreamWaitEvent(stream_, reached_, 0));
    }
    // And the reverse.
    void lead() const {
        UNMASK_CUDA(cudaEventRecord(done_, stream_));
        UNMASK_CUDA(cudaStreamWaitEvent(context_->stream(), done_, 0));
    }

    std::shared_ptr<CudaContext> context_;
    int rank_, size_;
    cudaStream_t stream_ = nullptr;
    cudaEvent_t reached_ = nullptr, done_ = nullptr, waited_ = nullptr;
    std::unique_ptr<NcclConnection> connection_;
    std::vector<Tensor> begun_;  // kept until they are complete
};

std::shared_ptr<Communicator> make(Device device, ProcessGroup& group) {
    return std::make_shared<NcclCommunicator>(device, group);
}

const struct Registration {
    Registration() { set_communicator_factory(DeviceType::cuda, &make); }
} registration;

}  // namespace
}  // namespace unmask
