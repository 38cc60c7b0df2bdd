// SPDX-License-Identifier: Apache-2.0
// Watching the kernel calls of a thread: what a model computes, as it computes it. While nobody watches, a
// call on the CPU costs a load and a branch more; one on a GPU is kept as the current call, whose text errors
// of the GPU's libraries tell.
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include "engine/range.h"

namespace unmask {

class Tensor;

// One call, as it is made.
class KernelCall {
  public:
    // `arguments` is a Kernel::Arguments.
    KernelCall(const void* kernel, const char* name, const void* arguments)
        : kernel_(kernel), name_(name), arguments_(arguments) {}
    [[nodiscard]] const char* name() const { return name_; }
    // The arguments, when it is a call of that slot; else null.
    template <class Kernel>
    [[nodiscard]] const typename Kernel::Arguments* of(const Kernel& kernel) const {
        return kernel_ == &kernel ? static_cast<const typename Kernel::Arguments*>(arguments_) : nullptr;
    }
    // The innermost one that this thread is making on a GPU, or that an observer sees; null outside of calls.
    [[nodiscard]] static const KernelCall* current();

  private:
    const void* kernel_;
    const char* name_;
    const void* arguments_;
};

// Sees every kernel call of the thread that made it while it lives; there is one at a time. A call that is
// recorded (engine/recording.h) is seen each time the recorded work runs on the CPU, instead of when it is
// recorded; a GPU's captured work is not seen.
class KernelObserver {
  public:
    KernelObserver();
    KernelObserver(const KernelObserver&) = delete;
    KernelObserver& operator=(const KernelObserver&) = delete;
    virtual ~KernelObserver();
    // The call is about to be made. Kernels may call others: such calls come between the two of the outer.
    virtual void called(const KernelCall& call) = 0;
    // The call has returned; not told of one that threw. A GPU may still be at work.
    virtual void ended(const KernelCall& /*call*/) {}
    // Backward is about to compute the gradients of an op's inputs. `gradients`: the memory that takes those
    // of the parameters among them (see Variable::pin_gradient).
    virtual void going_back(const char* /*op*/, const std::vector<Tensor>& /*gradients*/) {}
    // All gradients of that walk are computed.
    virtual void went_back() {}
    // This thread's; null without one.
    [[nodiscard]] static KernelObserver* current();
};

// A call while it is made: the current one, and what its observer is told.
class CallInProgress {
  public:
    explicit CallInProgress(const KernelCall& call);
    CallInProgress(const CallInProgress&) = delete;
    CallInProgress& operator=(const CallInProgress&) = delete;
    ~CallInProgress();
    void returned();

  private:
    const KernelCall& call_;
    const KernelCall* outer_;
    KernelObserver* observer_;
    std::optional<Range> range_;
};

}  // namespace unmask
