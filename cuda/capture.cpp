// SPDX-License-Identifier: Apache-2.0
// Captured work as CUDA graphs: see CudaContext::capture.
#include <utility>

#include "cuda/check.h"
#include "cuda/context.h"
#include "engine/error.h"
#include "engine/range.h"

namespace unmask {
namespace {

class CudaGraph final : public CapturedWork {
  public:
    CudaGraph(std::shared_ptr<CudaContext> context, std::shared_ptr<CapturePools> memory,
              std::set<std::shared_ptr<const void>> used, cudaGraph_t graph)
        : context_(std::move(context)), memory_(std::move(memory)), used_(std::move(used)) {
        UNMASK_CUDA(cudaGraphInstantiate(&executable_, graph, 0));
    }
    ~CudaGraph() override {
        // The driver lets a launch under way finish first. The memory goes back for later work of the same
        // stream.
        if (executable_ != nullptr && !CudaContext::program_ends()) cudaGraphExecDestroy(executable_);
    }
    void run() override {
        context_->refuse_to_run_captured();
        context_->make_current();
        const Range range("recorded work");
        UNMASK_CUDA_FOR(cudaGraphLaunch(executable_, context_->stream()), "running recorded work");
    }

  private:
    std::shared_ptr<CudaContext> context_;
    std::shared_ptr<CapturePools> memory_;
    std::set<std::shared_ptr<const void>> used_;
    cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

// Chains that the work was recorded with would be shared by what runs beside it.
void CudaContext::refuse_to_run_captured() const {
    if (capturing()) fail("captured work: it cannot run inside another capture");
    refuse_in_chains("run captured work");
}

std::unique_ptr<CapturedWork> CudaContext::capture(const std::function<void()>& work) {
    refuse_while_capturing("capture other work");
    refuse_in_chains("capture work");
    // What lives as long as the context must not come from the capture's memory or be made inside it.
    static_cast<void>(cudnn());
    static_cast<void>(cublaslt());
    static_cast<void>(cublaslt_workspace());
    make_current();
    const auto each_workspace = [this](auto&& function) {
        function(workspace_);
        for (Chain& chain : chains_) function(chain.workspace);
    };
    each_workspace([this](Workspace& one) { one.fill(*memory_, one.wanted); });
    each_workspace([](Workspace& one) { one.wanted = 0; });

    // Ends the capture on every way out.
    struct Open {
        CudaContext& context;
        std::shared_ptr<CapturePools> memory;
        cudaGraph_t graph = nullptr;
        bool ended = false;
        cudaError_t end() {
            ended = true;
            return cudaStreamEndCapture(context.stream_, &graph);
        }
        ~Open() {
            if (!ended && end() != cudaSuccess) static_cast<void>(cudaGetLastError());
            if (graph != nullptr) cudaGraphDestroy(graph);
            context.capturing_ = false;
            context.captured_.clear();
            context.memory_->end_capture();
        }
    };
    // Relaxed, since the pool may call cudaMalloc and cuDNN may load modules; waiting is refused by
    // ourselves.
    UNMASK_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed));
    capturing_ = true;
    Open open{*this, memory_->begin_capture()};
    work();
    UNMASK_CUDA_FOR(open.end(), "the work did something that cannot be captured");
    return std::make_unique<CudaGraph>(shared_from_this(), open.memory, std::move(captured_), open.graph);
}

}  // namespace unmask
