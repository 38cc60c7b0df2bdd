// SPDX-License-Identifier: Apache-2.0
// A kernel of the GPU that computes something else for a while.
#pragma once

#include "engine/kernel.h"

namespace unmask {

// A slot's entry for the GPU, replaced while it lives. `before` is what it was: one for all slots of a
// signature, so that only one of them is replaced at a time.
template <class Signature>
class ReplacedKernel {
  public:
    ReplacedKernel(Kernel<Signature>& kernel, typename Kernel<Signature>::Function function)
        : kernel_(kernel) {
        before = kernel.function(Backend::cuda);
        kernel.fill(Backend::cuda, function);
    }
    ReplacedKernel(const ReplacedKernel&) = delete;
    ReplacedKernel& operator=(const ReplacedKernel&) = delete;
    ~ReplacedKernel() { kernel_.fill(Backend::cuda, before); }
    static inline typename Kernel<Signature>::Function before = nullptr;

  private:
    Kernel<Signature>& kernel_;
};

}  // namespace unmask
