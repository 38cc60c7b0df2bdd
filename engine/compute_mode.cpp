// SPDX-License-Identifier: Apache-2.0
#include "engine/compute_mode.h"

#include <array>
#include <mutex>

#include "engine/error.h"

namespace unmask {
namespace {

std::mutex mutex;
ComputeMode current;
constexpr std::array<std::string_view, 3> winograd_names{"off", "inference", "all"};

}  // namespace

Winograd parse_winograd(std::string_view name) {
    for (size_t i = 0; i < winograd_names.size(); ++i)
        if (winograd_names[i] == name) return static_cast<Winograd>(i);
    fail("expected winograd off, inference or all, found '{}'", name);
}

std::string_view name_of(Winograd winograd) {
    return winograd_names[static_cast<size_t>(winograd)];
}

ComputeMode compute_mode() {
    const std::lock_guard lock(mutex);
    return current;
}

void set_compute_mode(const ComputeMode& mode) {
    const std::lock_guard lock(mutex);
    current = mode;
}

}  // namespace unmask
