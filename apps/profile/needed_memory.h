// SPDX-License-Identifier: Apache-2.0
// How much memory a training step cannot do without: what is there before it (parameters and their copies,
// gradients, running statistics, the optimizer's moments, the input), and what forward leaves for backward,
// that is every distinct buffer that was in use before backward began and that a kernel of backward is given.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/kernel_observer.h"
#include "engine/tensor.h"

namespace unmask {

class BenchWork;

// Counts while it lives, over one step on the CPU, or on a GPU that records nothing.
class NeededMemory final : public KernelObserver {
  public:
    // `kept`: what is there before the step.
    explicit NeededMemory(const std::vector<Tensor>& kept);
    void called(const KernelCall& call) override;
    void going_back(const char* op, const std::vector<Tensor>& gradients) override;
    void went_back() override { place_ = Place::after; }

    [[nodiscard]] int64_t kept_bytes() const { return kept_bytes_; }
    // Of the buffers that were saved for backward, kept ones aside. Both without what an allocator rounds up.
    [[nodiscard]] int64_t saved_bytes() const { return saved_bytes_; }
    [[nodiscard]] int64_t bytes() const { return kept_bytes_ + saved_bytes_; }

  private:
    enum class Place : uint8_t { forward, backward, after };
    Place place_ = Place::forward;
    // Of forward: weak, so that nothing is kept by looking at it.
    std::map<const Buffer*, std::weak_ptr<Buffer>> seen_;
    std::set<const Buffer*> kept_;
    int64_t kept_bytes_ = 0, saved_bytes_ = 0;
};

// Takes a step of training and says how much it needs. The step must not be recorded.
[[nodiscard]] int64_t needed_by_backward(BenchWork& work);

}  // namespace unmask
