// SPDX-License-Identifier: Apache-2.0
// Names the engine's ranges for NVIDIA's profilers.
#pragma once

namespace unmask {

// Sends every Range of engine/range.h to NVTX; next to nothing while no profiler listens. Call it while no
// range is open.
void install_nvtx_ranges();

}  // namespace unmask
