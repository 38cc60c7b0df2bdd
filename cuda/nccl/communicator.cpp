// SPDX-License-Identifier: Apache-2.0
// Ranks with a GPU each, by NCCL. All calls go to one stream of their own, in the order in which they are
// made: what waits for a result makes the context's stream wait, what does not goes on beside it. Capture
// records both.
#include <exception>
#include <utility>
#include <vector>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/nccl/library.h"
#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

class NcclCommunicator final : public Communicator {
  public:
    NcclCommunicator(Device device, ProcessGroup& group)
        : library_(NcclLibrary::get()),
          context_(std::static_pointer_cast<CudaContext>(context_of(device))),
          rank_(group.rank()),
          size_(group.size()) {
        ncclUniqueId id{};
        if (rank_ == 0) check(library_.get_unique_id(&id), "ncclGetUniqueId");
        Tensor bytes = Tensor::empty({int64_t{sizeof(id)}}, DType::u8);
        bytes.buffer()->context()->copy_from_host(bytes.raw(), &id, sizeof(id));
        group.broadcast(bytes, 0);
        bytes.buffer()->context()->copy_to_host(&id, bytes.raw(), sizeof(id));
        context_->make_current();
        UNMASK_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
        UNMASK_CUDA(cudaEventCreateWithFlags(&reached_, cudaEventDisableTiming));
        UNMASK_CUDA(cudaEventCreateWithFlags(&done_, cudaEventDisableTiming));
        check(library_.comm_init_rank(&communicator_, size_, id, rank_), "ncclCommInitRank");
    }
    ~NcclCommunicator() override {
        if (CudaContext::program_ends()) return;
        if (communicator_ != nullptr) {
            if (std::uncaught_exceptions() > 0)
                library_.comm_abort(communicator_);  // a rank may be gone: nothing is waited for
            else
                library_.comm_destroy(communicator_);
        }
        cudaEventDestroy(done_);
        cudaEventDestroy(reached_);
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
        check(library_.all_gather(own.raw(), all.raw(), own.bytes(), ncclUint8, communicator_, stream_),
              "ncclAllGather");
        lead();
    }
    void all_reduce(Tensor& values) override {
        sum(values);
        lead();
    }
    void broadcast(Tensor& values, int from) override {
        follow();
        check(library_.broadcast(values.raw(), values.raw(), values.bytes(), ncclUint8, from, communicator_,
                                 stream_),
              "ncclBroadcast");
        lead();
    }
    void begin_all_reduce(Tensor values) override {
        sum(values);
        begun_.push_back(std::move(values));
    }
    void finish_all_reduces() override {
        lead();
        begun_.clear();
    }

  private:
    void check(ncclResult_t status, const char* call) const {
        if (status != ncclSuccess)
            fail("{}: {} (rank {} of {} on {})", call, library_.error_string(status), rank_, size_,
                 name_of(context_->device()));
    }
    void sum(Tensor& values) {
        if (values.dtype() != DType::f32 && values.dtype() != DType::f64)
            fail("all_reduce: expected f32 or f64, found {}", name_of(values.dtype()));
        follow();
        const ncclDataType_t type = values.dtype() == DType::f32 ? ncclFloat32 : ncclFloat64;
        check(library_.all_reduce(values.raw(), values.raw(), size_t(values.numel()), type, ncclSum,
                                  communicator_, stream_),
              "ncclAllReduce");
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

    const NcclLibrary& library_;
    std::shared_ptr<CudaContext> context_;
    int rank_, size_;
    cudaStream_t stream_ = nullptr;
    cudaEvent_t reached_ = nullptr, done_ = nullptr;
    ncclComm_t communicator_ = nullptr;
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
