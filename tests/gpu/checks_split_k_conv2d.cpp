// SPDX-License-Identifier: Apache-2.0
// The kernel for convolutions of few pixels against the library's, whose time is told beside its own;
// declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "cuda/split_k_conv2d.h"
#include "engine/chains.h"
#include "engine/context.h"
#include "engine/error.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/convolution_cases.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

// Microseconds of one of the calls that are recorded: of work(0), work(1), …
double microseconds(Context& context, size_t calls, const std::function<void(size_t)>& work) {
    constexpr int runs = 5;
    const auto recorded = context.capture([&] {
        for (size_t call = 0; call < calls; ++call) work(call);
    });
    recorded->run();
    const double begin = context.seconds();
    for (int i = 0; i < runs; ++i) recorded->run();
    return (context.seconds() - begin) * 1e6 / (static_cast<double>(calls) * runs);
}

constexpr size_t most = 16;

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

// The part by each number of slices and by the library, over copies of its operands in turn, so that they do
// not wait in the GPU's cache.
std::string times(const Geometry& geometry, int64_t images, ConvolutionPart part, Device device, int calls) {
    constexpr size_t copies = 16;
    std::vector<ConvolutionCase> cases;
    for (size_t i = 0; i < copies; ++i) cases.emplace_back(geometry, images, DType::bf16, device);
    Context& context = *context_of(device);
    std::string text;
    for (size_t nth = 0, offered = 1; nth < offered; ++nth) {
        SplitK kernel(nth);
        const double found = microseconds(context, static_cast<size_t>(calls), [&](size_t call) {
            static_cast<void>(cases[call % copies].compute(part, std::ref(kernel)));
        });
        offered = kernel.offered;
        text += fmt::format("{} slices {:.1f} us, ", kernel.used, found);
    }
    const auto library = [&](size_t call) { static_cast<void>(cases[call % copies].compute(part)); };
    library(0);  // chooses its algorithm
    return text + fmt::format("the library's first suggestion {:.1f} us",
                              microseconds(context, static_cast<size_t>(calls), library));
}

// Four chains of calls in recorded work that runs again and again: the blocks of each meet at counters of
// their own, which every launch leaves at zero.
void check_recorded_chains(Device device, int runs, CheckResult& result) {
    constexpr size_t chains = 4;
    constexpr Geometry geometry{7, 512, 512, 3, 1};
    SplitK kernel(most);
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
    work();
    const auto recorded = context_of(device)->capture(work);
    for (int run = 0; run < runs; ++run) {
        for (Tensor& one : found) one.fill_zero();
        recorded->run();
        for (size_t i = 0; i < chains; ++i)
            if (!same_bytes(found[i].to(cpu_device), expected[i]))
                return result.failed(
                    fmt::format("recorded in chains: other bytes than eager in chain {}, run {}", i, run));
    }
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
                        result.notes.push_back(name + ": " +
                                               times(geometry, images, part, device, timed_calls));
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    ++result.cases;
    try {
        check_recorded_chains(device, timed_calls > 0 ? 100 : 2, result);
    } catch (const std::exception& error) {
        result.failed(std::string("recorded in chains: ") + error.what());
    }
    return result;
}

}  // namespace unmask
