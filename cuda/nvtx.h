// SPDX-License-Identifier: Apache-2.0
// Names the engine's ranges for NVIDIA's profilers.
#pragma once

namespace unmask {

// Sends every Range of engine/range.h to NVTX: kernel calls, copies, waits, and recorded work as a whole,
// whose ops a profiler sees where nothing is recorded (`unmask bench --no-graph`). Next to nothing while no
// profiler listens. Call it while no range is open.
void install_nvtx_ranges();

}  // namespace unmask
