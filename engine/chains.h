// SPDX-License-Identifier: Apache-2.0
// Independent parts of a graph as chains that a device may run side by side (see Context::fork). Ops recorded
// within a chain go back in a chain of the same number.
#pragma once

#include "engine/device.h"

namespace unmask {

// Forked while it lives; not nested.
class Chains {
  public:
    Chains(Device device, int count);
    Chains(const Chains&) = delete;
    Chains& operator=(const Chains&) = delete;
    ~Chains();

    // What this thread enqueues from here on belongs to the chain, 0 … count-1.
    void use(int chain);

  private:
    Device device_;
};

// The chain that this thread enqueues on; -1 outside of chains.
[[nodiscard]] int current_chain();

}  // namespace unmask
