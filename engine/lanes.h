// SPDX-License-Identifier: Apache-2.0
// Pieces of work that run side by side on the CPU, each on one thread. The CPU's backend fills the hook;
// without it there is one lane.
#pragma once

namespace unmask {

struct LaneRunner {
    // How many pieces run side by side.
    int (*count)() = nullptr;
    // body(context, lane) for every lane of 0 … lanes-1, whose kernels use the lane's thread alone. An
    // exception of one is rethrown when all have ended.
    void (*run)(int lanes, void (*body)(void* context, int lane), void* context) = nullptr;
};

// Filled when the program starts.
inline constinit LaneRunner lane_runner{};

[[nodiscard]] inline int lane_count() {
    return lane_runner.count == nullptr ? 1 : lane_runner.count();
}

}  // namespace unmask
