// SPDX-License-Identifier: Apache-2.0
// The kernel for convolutions of few pixels against the library's; declared in checks.h.
#include <fmt/format.h>

#include <functional>
#include <vector>

#include "engine/chains.h"
#include "engine/context.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/convolution_cases.h"
#include "tests/gpu/split_k_case.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

// Four chains of calls in recorded work that runs again and again: the blocks of each meet at counters of
// their own, which every launch leaves at zero.
void check_recorded_chains(Device device, int runs, CheckResult& result) {
    constexpr size_t chains = 4;
    constexpr Geometry geometry{7, 512, 512, 3, 1};
    SplitK kernel(SplitK::last);
    std::vector<ConvolutionCase> cases;
    std::vector<Tensor> expected, found(chains);
    for (size_t i = 0; i < chains; ++i) {
        cases.emplace_back(geometry, static_cast<int64_t>(i) + 1, DType::bf16, device);
        expected.push_back(cases[i].compute(ConvolutionPart::residual, std::ref(kernel)).to(cpu_device));
    }
    const auto work = [&] {
        Chains in_chains(device, static_cast<int>(chains));
        for (size_t i = 0; i < chains; ++i) {
            in_chains.use(static_cast<int>(i));
            found[i] = cases[i].compute(ConvolutionPart::residual, std::ref(kernel));
        }
    };
    const auto agrees = [&](const std::string& when) {
        for (size_t i = 0; i < chains; ++i) {
            if (same_bytes(found[i].to(cpu_device), expected[i])) continue;
            result.failed(fmt::format("{}: other bytes in chain {} than in none", when, i));
            return false;
        }
        return true;
    };
    work();
    if (!agrees("eager")) return;
    const auto recorded = context_of(device)->capture(work);
    for (int run = 0; run < runs; ++run) {
        for (Tensor& one : found) one.fill_zero();
        recorded->run();
        if (!agrees(fmt::format("recorded, run {}", run))) return;
    }
}

}  // namespace

CheckResult check_split_k_conv2d(Device device, int recorded_runs) {
    CheckResult result{.name = fmt::format("convolutions of few pixels on {}", name_of(device))};
    const NoGrad nothing_recorded;
    // Timing would choose the kernel itself for what it is checked by.
    const ComputeModeScope untimed({.deterministic = false, .time_algorithms = false});
    for (const int64_t images : {1, 2})
        for (const Geometry& some : geometries) {
            const Geometry geometry = as_held_in(DType::bf16, some);
            if (images > 1 && geometry.size > 28) continue;  // nothing new
            const ConvolutionCase convolution(geometry, images, DType::bf16, device);
            for (const ConvolutionPart part : {ConvolutionPart::forward, ConvolutionPart::relu,
                                               ConvolutionPart::residual, ConvolutionPart::silu}) {
                ++result.cases;
                const std::string name = fmt::format("{} of {}, {}", images, geometry.name(), name_of(part));
                try {
                    const Variable expected = convolution.expected(part);
                    // Every number of slices once, and then the most.
                    for (size_t nth = part == ConvolutionPart::forward ? 0 : SplitK::last, end = nth + 1;
                         nth < end; ++nth) {
                        SplitK kernel(nth);
                        const double found =
                            relative_distance(convolution.compute(part, std::ref(kernel)), expected);
                        if (nth < SplitK::last) end = kernel.offered;
                        result.worst = std::max(result.worst, found / bf16_convolution_bound);
                        if (!(found <= bf16_convolution_bound))
                            result.failed(fmt::format(
                                "{}, {} slices: found a relative error of {:.2e}, expected at most {:.1e}",
                                name, kernel.used, found, bf16_convolution_bound));
                    }
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    ++result.cases;
    try {
        check_recorded_chains(device, recorded_runs, result);
    } catch (const std::exception& error) {
        result.failed(std::string("in chains: ") + error.what());
    }
    return result;
}

}  // namespace unmask
