// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "cpu/parallel.h"
#include "cpu/simd.h"

namespace unmask {
namespace {

// The shortest of several runs. Many short ones find a moment in which nothing else runs.
template <class Work>
double best_seconds(int tries, const Work& work) {
    using Clock = std::chrono::steady_clock;
    double best = 1e30;
    for (int i = 0; i < tries; ++i) {
        const auto begin = Clock::now();
        work();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
}

constexpr size_t sums = 12;  // side by side hide their latency

// Multiply-adds on registers alone. The indices are constants, since others would put the sums into memory.
template <size_t... I>
float multiply_add(int64_t rounds, float factor, std::index_sequence<I...>) {
    using Vectors = Simd<float>;
    typename Vectors::Vector sum[sizeof...(I)], a, b;
    for (int lane = 0; lane < Vectors::lanes; ++lane) {
        a[lane] = factor;
        b[lane] = 1e-7f * static_cast<float>(lane);
    }
    ((sum[I] = b * static_cast<float>(I + 1)), ...);  // else the compiler makes one of them
    for (int64_t round = 0; round < rounds; ++round) ((sum[I] = sum[I] * a + b), ...);
    const typename Vectors::Vector all = (sum[I] + ...);
    float total = 0;
    for (int lane = 0; lane < Vectors::lanes; ++lane) total += all[lane];
    return total;
}

double measured_flops(int threads) {
    constexpr int64_t rounds = 400'000;
    std::vector<float> totals(static_cast<size_t>(threads) * 16);  // a cache line each
    const double seconds = best_seconds(200, [&] {
        parallel_for(threads, 1, [&](int64_t thread, int64_t) {
            totals[static_cast<size_t>(thread) * 16] =
                multiply_add(rounds, 0.999f, std::make_index_sequence<sums>());
        });
    });
    return 2.0 * sums * Simd<float>::lanes * double(rounds) * threads / seconds;
}

double measured_bytes() {
    constexpr int64_t size = int64_t{256} << 20, block = int64_t{1} << 20;
    std::vector<char> from(size, 1), to(size, 2);
    const double seconds = best_seconds(10, [&] {
        parallel_for(size, block, [&](int64_t begin, int64_t end) {
            std::memcpy(to.data() + begin, from.data() + begin, static_cast<size_t>(end - begin));
        });
    });
    return 2.0 * double(size) / seconds;
}

}  // namespace

MachinePeak measure_machine() {
    const int threads = thread_count();
    return {threads, measured_flops(threads), measured_bytes()};
}

double floor_seconds(const MachinePeak& machine, double flops, double bytes) {
    return std::max(flops / machine.flops, bytes / machine.bytes);
}

}  // namespace unmask
