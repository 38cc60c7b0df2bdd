// SPDX-License-Identifier: Apache-2.0
// How kernels may compute where there is a choice. Process-wide; the CPU is always deterministic and in full
// float32.
#pragma once

#include <cstdint>
#include <string_view>

namespace unmask {

// Which convolutions (3×3; forward also 7×7 of stride 2 on an image) the CPU computes in float32 by
// Winograd's algorithm: none, those whose weights never change (inference), all and their gradients. It
// rounds otherwise than the direct form, up to four times as much (docs/performance.md), and is more than
// twice as fast. In 8-bit integers (3×3 of stride 1, forward) it is not exact as the direct form is
// (cpu/winograd_quantized_conv2d.h).
// Each includes what the one before it does.
enum class Winograd : uint8_t { off, inference, all };
// "off", "inference", "all"; Error lists them when there is no such name.
[[nodiscard]] Winograd parse_winograd(std::string_view name);
[[nodiscard]] std::string_view name_of(Winograd winograd);

struct ComputeMode {
    bool tf32 = false;          // float32 products may be on tensor cores, with 10 bits of mantissa
    bool deterministic = true;  // only algorithms that give the same bytes every time
    // Whether algorithms that were not chosen before are timed; if not, the library's first suggestion
    // serves. Worth while for work that is repeated many times: training, benchmarks.
    bool time_algorithms = false;
    Winograd winograd = Winograd::off;
};

[[nodiscard]] ComputeMode compute_mode();
void set_compute_mode(const ComputeMode& mode);

}  // namespace unmask
