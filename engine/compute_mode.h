// SPDX-License-Identifier: Apache-2.0
// How GPU libraries may compute. Process-wide; the CPU is always deterministic and in full float32.
#pragma once

namespace unmask {

struct ComputeMode {
    bool tf32 = false;          // float32 products on tensor cores with 10 bits of mantissa
    bool deterministic = true;  // only algorithms that give the same bytes every time
    // Whether algorithms that were not chosen before are timed; if not, the library's first suggestion
    // serves. Worth while for work that is repeated many times: training, benchmarks.
    bool time_algorithms = false;
};

[[nodiscard]] ComputeMode compute_mode();
void set_compute_mode(const ComputeMode& mode);

}  // namespace unmask
