// SPDX-License-Identifier: Apache-2.0
// What a kernel call has to do, counted from its arguments: the arithmetic of convolutions and products by
// their definition, whatever algorithm computes them, and the memory that moves where nothing stays in a
// cache.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/kernel_observer.h"
#include "engine/shape.h"

namespace unmask {

struct KernelWork {
    // A multiply-add counted as two; 0 for calls where only memory counts.
    double flops = 0;
    // Every tensor that the call reads or writes once, what it changes in place twice.
    double bytes = 0;
};

[[nodiscard]] KernelWork work_of(const KernelCall& call);

// Adds up the work of the calls that are made while it lives; what a kernel calls is a part of it.
class WorkCounter final : public KernelObserver {
  public:
    void called(const KernelCall& call) override;
    void ended(const KernelCall&) override { --depth_; }
    [[nodiscard]] const KernelWork& work() const { return work_; }

  private:
    KernelWork work_;
    int depth_ = 0;
};

// Every defined tensor among the arguments, those within structures and lists too. Error for a slot that is
// not in the table of kernel_work.cpp.
void each_tensor(const KernelCall& call, const std::function<void(const Tensor&)>& visit);

// The slot's name with dtypes and shapes of those tensors, "matmul_forward(f32 [8, 3], f32 [3, 2])"; the name
// alone for a slot that is not in that table.
[[nodiscard]] std::string text_of(const KernelCall& call);

// The convolution that a call computes or differentiates; nothing for other slots.
struct Conv2dShapes {
    Shape x, weight, y;
};
[[nodiscard]] std::optional<Conv2dShapes> conv2d_shapes(const KernelCall& call);

}  // namespace unmask
