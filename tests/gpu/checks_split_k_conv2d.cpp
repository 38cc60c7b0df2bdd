// SPDX-License-Identifier: Apache-2.0
// The kernel for convolutions of few pixels against the library's, whose time is told beside its own;
// declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "cuda/split_k_conv2d.h"
#include "engine/context.h"
#include "engine/error.h"
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

// The kernel in conv2d_forward's place, with the `nth` number of slices of those offered or their last, and
// how many are offered.
class SplitK {
  public:
    explicit SplitK(size_t nth) : nth_(nth) {}
    void operator()(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                    Tensor& y, const Conv2dParams& params) {
        const std::vector<int> slices = split_k_conv2d_slices(x, weight, bias, residual, y, params);
        if (slices.empty()) fail("expected a convolution that the kernel takes");
        offered = slices.size();
        used = slices[std::min(nth_, slices.size() - 1)];
        split_k_conv2d_forward(x, weight, bias, residual, y, params, used);
    }
    size_t offered = 0;
    int used = 0;

  private:
    size_t nth_;
};

// The part by the number of slices and by the library.
std::string times(const ConvolutionCase& convolution, ConvolutionPart part, int calls) {
    Context& context = *context_of(convolution.device());
    std::string text;
    for (size_t nth = 0, offered = 1; nth < offered; ++nth) {
        SplitK kernel(nth);
        const double found = microseconds(
            context, calls, [&] { static_cast<void>(convolution.compute(part, std::ref(kernel))); });
        offered = kernel.offered;
        text += fmt::format("{} slices {:.1f} us, ", kernel.used, found);
    }
    const auto library = [&] { static_cast<void>(convolution.compute(part)); };
    library();  // chooses its algorithm
    return text +
           fmt::format("the library's first suggestion {:.1f} us", microseconds(context, calls, library));
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
            if (images > 1 && geometry.size > 28) continue;  // nothing new
            const ConvolutionCase convolution(geometry, images, DType::bf16, device);
            for (const ConvolutionPart part : {ConvolutionPart::forward, ConvolutionPart::relu,
                                               ConvolutionPart::residual, ConvolutionPart::silu}) {
                ++result.cases;
                const std::string name = fmt::format("{} of {}, {}", images, geometry.name(), name_of(part));
                try {
                    const Variable expected = convolution.expected(part);
                    // Every number of slices once, and then the most.
                    const size_t most = 16;
                    for (size_t nth = part == ConvolutionPart::forward ? 0 : most, end = nth + 1; nth < end;
                         ++nth) {
                        SplitK kernel(nth);
                        const double found =
                            relative_distance(convolution.compute(part, std::ref(kernel)), expected);
                        if (nth < most) end = kernel.offered;
                        result.worst = std::max(result.worst, found / bf16_convolution_bound);
                        if (!(found <= bf16_convolution_bound))
                            result.failed(fmt::format(
                                "{}, {} slices: found a relative error of {:.2e}, expected at most {:.1e}",
                                name, kernel.used, found, bf16_convolution_bound));
                    }
                    if (part == ConvolutionPart::relu && timed_calls > 0)
                        result.notes.push_back(name + ": " + times(convolution, part, timed_calls));
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    return result;
}

}  // namespace unmask
