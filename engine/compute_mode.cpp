// SPDX-License-Identifier: Apache-2.0
#include "engine/compute_mode.h"

#include <atomic>

namespace unmask {
namespace {

std::atomic<ComputeMode> current{ComputeMode{}};

}  // namespace

ComputeMode compute_mode() {
    return current.load();
}

void set_compute_mode(const ComputeMode& mode) {
    current.store(mode);
}

}  // namespace unmask
