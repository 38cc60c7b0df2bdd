// SPDX-License-Identifier: Apache-2.0
// The kernel calls of a step: what each is (CallLister, once), and how long each takes (CallTimer, in steps
// that do the same), apart so that describing a call takes no time where time is taken.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "apps/profile/layer_names.h"
#include "engine/context.h"
#include "engine/kernel_observer.h"
#include "engine/ops/kernel_work.h"

namespace unmask {

// Kernels that a kernel calls are a part of it.
struct CallDescription {
    std::string layer;  // the kernel and its shape where no layer's parameters take part
    std::string kernel;
    std::string pass;   // "forward", "backward", or "update" after that
    std::string shape;  // of the input; of convolutions and products what they are made of
    KernelWork work;
};

// Lists the calls that are made while it lives.
class CallLister final : public KernelObserver {
  public:
    explicit CallLister(const LayerNames& names) : names_(names) {}
    void called(const KernelCall& call) override;
    void ended(const KernelCall&) override { --depth_; }
    void going_back(const char* op, const std::vector<Tensor>& gradients) override;
    void went_back() override;
    [[nodiscard]] const std::vector<CallDescription>& calls() const { return calls_; }

  private:
    const LayerNames& names_;
    std::vector<CallDescription> calls_;
    std::string pass_ = "forward", node_layer_;  // of the op whose gradients are computed
    int depth_ = 0;
};

// Times the calls that are made while it lives. After each it waits for a GPU.
class CallTimer final : public KernelObserver {
  public:
    explicit CallTimer(Context& context) : context_(context) {}
    void called(const KernelCall& call) override;
    void ended(const KernelCall& call) override;
    [[nodiscard]] const std::vector<double>& seconds() const { return seconds_; }

  private:
    using Clock = std::chrono::steady_clock;
    Context& context_;
    Clock::time_point begin_;
    std::vector<double> seconds_;
    int depth_ = 0;
};

}  // namespace unmask
