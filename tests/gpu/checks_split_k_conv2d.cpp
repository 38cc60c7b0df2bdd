// SPDX-License-Identifier: Apache-2.0
// The kernel for convolutions of few pixels against the library's, whose time is told beside its own;
// declared in checks.h.
#include <fmt/format.h>

#include <functional>

#include "cuda/split_k_conv2d.h"
#include "engine/context.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/convolution_cases.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

// Microseconds of one call among those that are recorded.
double microseconds(Context& context, int calls, const std::function<void()>& work) {
    constexpr int runs = 5;
    const auto recorded = context.capture([&] {
        for (int i = 0; i < calls; ++i) work();
    });
    recorded->run();
    const double begin = context.seconds();
    for (int i = 0; i < runs; ++i) recorded->run();
    return (context.seconds() - begin) * 1e6 / (calls * runs);
}

}  // namespace

CheckResult check_split_k_conv2d(Device device, int timed_calls) {
    CheckResult result{.name = fmt::format("convolutions of few pixels on {}", name_of(device))};
    const NoGrad nothing_recorded;
    // Timing would choose the kernel itself for what it is checked by.
    const ComputeModeScope untimed({.deterministic = false, .time_algorithms = false});
    for (const int64_t images : {1, 2})
        for (const Geometry& some : geometries) {
            const Geometry geometry = as_held_in(DType::bf16, some);
            const ConvolutionCase convolution(geometry, images, DType::bf16, device);
            for (const ConvolutionPart part : {ConvolutionPart::forward, ConvolutionPart::relu,
                                               ConvolutionPart::residual, ConvolutionPart::silu}) {
                ++result.cases;
                const std::string name = fmt::format("{} of {}, {}", images, geometry.name(), name_of(part));
                try {
                    const double found = relative_distance(convolution.compute(part, split_k_conv2d_forward),
                                                           convolution.expected(part));
                    result.worst = std::max(result.worst, found / bf16_convolution_bound);
                    if (!(found <= bf16_convolution_bound))
                        result.failed(
                            fmt::format("{}: found a relative error of {:.2e}, expected at most {:.1e}", name,
                                        found, bf16_convolution_bound));
                    if (part != ConvolutionPart::relu || timed_calls == 0) continue;
                    Context& context = *context_of(device);
                    const auto library = [&] { static_cast<void>(convolution.compute(part)); };
                    library();  // chooses its algorithm
                    const double own = microseconds(context, timed_calls, [&] {
                        static_cast<void>(convolution.compute(part, split_k_conv2d_forward));
                    });
                    result.notes.push_back(
                        fmt::format("{}: {:.1f} us, by the library's first suggestion {:.1f} us", name, own,
                                    microseconds(context, timed_calls, library)));
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    return result;
}

}  // namespace unmask
