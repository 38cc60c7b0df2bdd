// SPDX-License-Identifier: Apache-2.0
// Another compute mode for a part of a test.
#pragma once

#include "engine/compute_mode.h"

namespace unmask {

// The mode is set while it lives.
class ComputeModeScope {
  public:
    explicit ComputeModeScope(const ComputeMode& mode) : before_(compute_mode()) { set_compute_mode(mode); }
    ComputeModeScope(const ComputeModeScope&) = delete;
    ComputeModeScope& operator=(const ComputeModeScope&) = delete;
    ~ComputeModeScope() { set_compute_mode(before_); }

  private:
    ComputeMode before_;
};

}  // namespace unmask
