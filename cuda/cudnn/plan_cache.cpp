// SPDX-License-Identifier: Apache-2.0
// Choice of plans by timing: see plan_cache.h.
#include "cuda/cudnn/plan_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <set>

#include "cuda/allocation.h"
#include "cuda/check.h"
#include "cuda/context.h"
#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask::cudnn {
namespace {

constexpr size_t plan_capacity = 1024;
constexpr size_t timed_runs = 5;
constexpr int timed_rounds = 2;
// Bytes to fill ahead of a timing: about half a millisecond on a fast GPU.
constexpr size_t filled_ahead = size_t{2} << 30;

// Two events around each timed run.
class Events {
  public:
    Events() {
        for (cudaEvent_t& event : events_) {
            const cudaError_t status = cudaEventCreate(&event);
            if (status == cudaSuccess) continue;
            destroy();
            UNMASK_CUDA(status);
        }
    }
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;
    ~Events() { destroy(); }
    void begin(size_t run, cudaStream_t stream) { UNMASK_CUDA(cudaEventRecord(events_[2 * run], stream)); }
    void end(size_t run, cudaStream_t stream) { UNMASK_CUDA(cudaEventRecord(events_[2 * run + 1], stream)); }
    // The mean of all runs, when the last has ended.
    [[nodiscard]] double microseconds() {
        UNMASK_CUDA(cudaEventSynchronize(events_.back()));
        double sum = 0;
        for (size_t run = 0; run < timed_runs; ++run) {
            float milliseconds = 0;
            UNMASK_CUDA(cudaEventElapsedTime(&milliseconds, events_[2 * run], events_[2 * run + 1]));
            sum += 1000.0 * static_cast<double>(milliseconds);
        }
        return sum / static_cast<double>(timed_runs);
    }

  private:
    void destroy() noexcept {
        for (const cudaEvent_t event : events_)
            if (event != nullptr) cudaEventDestroy(event);
    }
    std::array<cudaEvent_t, 2 * timed_runs> events_{};
};

// Memory for one timing, taken beside the pool, which would keep every odd size: the most of the sizes that
// there is.
class TimingWorkspace {
  public:
    TimingWorkspace(CudaContext& context, std::set<size_t, std::greater<>> sizes)
        : device_(context.device().index) {
        sizes.erase(0);
        if (sizes.empty()) return;
        memory_ = take_device_memory(device_, *sizes.begin());
        if (memory_ == nullptr) context.release_cached();
        for (const size_t bytes : sizes) {
            if (memory_ == nullptr) memory_ = take_device_memory(device_, bytes);
            bytes_ = bytes;
            if (memory_ != nullptr) return;
        }
        bytes_ = 0;
    }
    TimingWorkspace(const TimingWorkspace&) = delete;
    TimingWorkspace& operator=(const TimingWorkspace&) = delete;
    ~TimingWorkspace() {
        if (memory_ != nullptr) give_device_memory(device_, memory_);
    }
    [[nodiscard]] void* memory() const { return memory_; }
    [[nodiscard]] size_t bytes() const { return bytes_; }

  private:
    int device_;
    void* memory_ = nullptr;
    size_t bytes_ = 0;
};

// Where runs that are timed add to memory: zeros of their own, if there is memory for them, instead of the
// gradient at hand.
class TimingSum {
  public:
    TimingSum(CudaContext& context, const Convolution& problem, std::span<Operand> operands)
        : bytes_(problem.accumulate ? static_cast<size_t>(problem.x.numel()) * size_of(problem.dtype) : 0),
          memory_(context, {bytes_}) {
        if (bytes_ == 0 || !enough()) return;
        UNMASK_CUDA(cudaMemsetAsync(memory_.memory(), 0, bytes_, context.stream()));
        for (Operand& operand : operands)
            if (operand.id == x_id) operand.memory = memory_.memory();
    }
    [[nodiscard]] bool enough() const { return memory_.bytes() == bytes_; }

  private:
    size_t bytes_;
    TimingWorkspace memory_;
};

std::string mode_name(const Convolution& problem) {
    const ComputeMode mode = compute_mode();
    std::string text;
    if (problem.dtype == DType::f32 && mode.tf32) text += " tf32";
    if (!mode.deterministic) text += " nondeterministic";
    return text;
}

std::string mode_key(const Convolution& problem) {
    const ComputeMode mode = compute_mode();
    return problem.key() + CacheKey().add(mode.tf32).add(mode.deterministic).str();
}

}  // namespace

PlanCache::PlanCache(CudaContext& context)
    : context_(context),
      plans_(std::make_unique<LruCache<std::shared_ptr<const Entry>>>(plan_capacity)),
      choices_({cudnnGetVersion(), context.info().name}) {}

std::shared_ptr<const PlanCache::Entry> PlanCache::get(const Convolution& problem,
                                                       std::span<const Operand> operands,
                                                       const Alternatives& alternatives) {
    const auto make = [&] {
        std::vector<Choice> offered;
        if (alternatives.offered) offered = alternatives.offered();
        return std::make_shared<const Entry>(
            choose_plan({.handle = context_.cudnn()}, problem, EngineRules::of(problem.dtype),
                        problem.str() + mode_name(problem), choices_, times(), offered,
                        [&](std::vector<Plan>& candidates, std::string& refusal) {
                            return choose(problem, candidates, operands, offered, alternatives, refusal);
                        }));
    };
    auto entry = plans_->get(mode_key(problem), make);
    context_.keep_for_capture(entry);  // a plan may own kernels that were compiled for it
    return entry;
}

bool PlanCache::times() const {
    return !context_.capturing() && compute_mode().time_algorithms;
}

Fastest PlanCache::choose(const Convolution& problem, std::vector<Plan>& candidates,
                          std::span<const Operand> given, const std::vector<Choice>& offered,
                          const Alternatives& alternatives, std::string& refusal) {
    UNMASK_ASSERT(!candidates.empty() || times());  // without timing a candidate is taken as it comes
    if (context_.capturing()) return {.plan = &candidates.front()};
    std::vector<Operand> operands(given.begin(), given.end());
    const TimingSum sum(context_, problem, operands);
    // The sum itself needs no such memory.
    if (!sum.enough()) return {.plan = candidates.empty() ? nullptr : &candidates.front()};
    std::set<size_t, std::greater<>> sizes;
    for (const Plan& candidate : candidates) sizes.insert(candidate.workspace_bytes());
    std::optional<TimingWorkspace> workspace(std::in_place, context_, sizes);
    // Other bytes are in the cache when each timed run begins, as when other layers come between. Those of x
    // are not either, which the layer before has just written.
    std::optional<TimingWorkspace> flushed;
    std::span<std::byte> flush;
    if (times()) {
        flushed.emplace(context_, std::set<size_t, std::greater<>>{2 * context_.info().l2_bytes,
                                                                   CudaContext::cublaslt_workspace_bytes});
        flush = {static_cast<std::byte*>(flushed->memory()), flushed->bytes()};
        if (flush.empty())
            flush = {static_cast<std::byte*>(context_.cublaslt_workspace()),
                     CudaContext::cublaslt_workspace_bytes};
    }
    Fastest fastest{.microseconds = std::numeric_limits<double>::infinity()};
    bool lacks_memory = false;
    for (Plan& candidate : candidates) {
        if (candidate.workspace_bytes() > workspace->bytes()) {
            refusal = fmt::format("plan: no memory for a workspace of {} bytes", candidate.workspace_bytes());
            lacks_memory = true;
            continue;
        }
        const auto run = [&] { return runs(candidate, operands, workspace->memory(), refusal); };
        if (!times()) {
            if (run()) return {.plan = &candidate};
            continue;
        }
        const std::optional<double> microseconds = time(run, fastest.microseconds, flush);
        if (microseconds && *microseconds < fastest.microseconds)
            fastest = {.plan = &candidate, .microseconds = *microseconds};
    }
    // Not an answer to keep: there may be more memory the next time.
    if (fastest.plan == nullptr && lacks_memory)
        throw OutOfMemory(fmt::format("conv2d: out of memory while algorithms are chosen on {} ({})",
                                      name_of(context_.device()), refusal));
    if ((fastest.plan == nullptr && !candidates.empty()) || !times()) return fastest;
    workspace.reset();  // the convolution alone may be timed next
    for (const Choice& alternative : offered) {
        const auto run = [&] {
            try {
                alternatives.run(alternative);
                return true;
            } catch (const Error&) {  // for want of memory or of an engine
                return false;
            }
        };
        const std::optional<double> microseconds = time(run, fastest.microseconds, flush);
        if (microseconds && *microseconds < fastest.microseconds)
            fastest = {.alternative = alternative, .microseconds = *microseconds};
    }
    return fastest;
}

bool PlanCache::runs(const Plan& plan, std::span<const Operand> operands, void* workspace,
                     std::string& refusal) {
    const cudnnStatus_t status = plan.execute(context_.cudnn(), operands, workspace);
    if (status != CUDNN_STATUS_SUCCESS)
        refusal = fmt::format("execution: {} ({})", cudnnGetErrorString(status), last_message());
    return status == CUDNN_STATUS_SUCCESS;
}

std::optional<double> PlanCache::time(const std::function<bool()>& run, double shortest,
                                      std::span<std::byte> flush) {
    Events events;
    if (!run()) return std::nullopt;  // the first run loads the kernels and is not counted
    const auto fill = [&] { UNMASK_CUDA(cudaMemsetAsync(flush.data(), 0, flush.size(), context_.stream())); };
    const auto round = [&]() -> std::optional<double> {
        // The GPU is kept busy until all runs are enqueued: else short ones would be as long as the host
        // takes.
        for (size_t bytes = 0; bytes < filled_ahead; bytes += flush.size()) fill();
        for (size_t i = 0; i < timed_runs; ++i) {
            fill();
            events.begin(i, context_.stream());
            if (!run()) return std::nullopt;
            events.end(i, context_.stream());
        }
        return events.microseconds();
    };
    return shortest_of(timed_rounds, shortest, round);
}

std::string PlanCache::import_choices(const std::string& json) {
    std::string notice = choices_.add(json);
    if (notice.empty()) plans_ = std::make_unique<LruCache<std::shared_ptr<const Entry>>>(plan_capacity);
    return notice;
}

}  // namespace unmask::cudnn
