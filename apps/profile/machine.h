// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured: the floors that benchmarks are held against.
#pragma once

namespace unmask {

struct MachinePeak {
    int threads = 1;
    double flops = 0;  // float32 operations a second, a multiply-add counted as two
    double bytes = 0;  // a second that memory gives and takes together, copying what no cache holds
};

// With as many threads as kernels use (cpu/parallel.h); the best of many tries: about two seconds.
[[nodiscard]] MachinePeak measure_machine();

// The least seconds that so much work takes: by arithmetic or by memory, whichever is longer.
[[nodiscard]] double floor_seconds(const MachinePeak& machine, double flops, double bytes);

}  // namespace unmask
