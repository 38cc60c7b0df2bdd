// SPDX-License-Identifier: Apache-2.0
#include "engine/compute_mode.h"

#include <mutex>

namespace unmask {
namespace {

std::mutex mutex;
ComputeMode current;

}  // namespace

ComputeMode compute_mode() {
    const std::lock_guard lock(mutex);
    return current;
}

void set_compute_mode(const ComputeMode& mode) {
    const std::lock_guard lock(mutex);
    current = mode;
}

}  // namespace unmask
