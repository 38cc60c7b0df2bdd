// SPDX-License-Identifier: Apache-2.0
// Convolutions as training computes them, by the algorithms that timing chose; declared in checks.h.
#include <fmt/format.h>

#include "engine/context.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/convolution_cases.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

constexpr ConvolutionPart parts[] = {
    ConvolutionPart::forward, ConvolutionPart::data,     ConvolutionPart::added_data, ConvolutionPart::weight,
    ConvolutionPart::relu,    ConvolutionPart::residual, ConvolutionPart::silu};

// Where an epilogue by itself was faster, the fused engines are not what was checked.
int choices_of_no_engine(Device device) {
    const std::string text = context_of(device)->tuning(), pattern = R"("engine":-1)";
    int count = 0;
    for (size_t at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at + 1)) ++count;
    return count;
}

}  // namespace

CheckResult check_convolutions(Device device, int64_t images) {
    CheckResult result{.name = fmt::format("convolutions of {} images on {}", images, name_of(device))};
    const NoGrad nothing_recorded;
    for (const DType dtype : {DType::bf16, DType::f32})
        for (const Geometry& some : geometries) {
            const Geometry geometry = as_held_in(dtype, some);
            const ConvolutionCase convolutions(geometry, images, dtype, device);
            for (const ConvolutionPart part : parts) {
                // In training it is the residual branches' that is added to: not the stem's.
                if (geometry.size == 224 && !is_forward(part) && part != ConvolutionPart::weight) continue;
                ++result.cases;
                const std::string name =
                    fmt::format("{} {}, {}", name_of(dtype), geometry.name(), name_of(part));
                try {
                    Variable expected;
                    {
                        const ComputeModeScope any({.deterministic = false});
                        expected = convolutions.expected(part);
                    }
                    const ComputeModeScope timed({.time_algorithms = true});
                    const double bound = dtype == DType::bf16              ? bf16_convolution_bound
                                         : part == ConvolutionPart::weight ? f32_weight_bound
                                                                           : f32_convolution_bound;
                    const double found = relative_distance(convolutions.compute(part), expected);
                    result.worst = std::max(result.worst, found / bound);
                    if (!(found <= bound))
                        result.failed(
                            fmt::format("{}: found a relative error of {:.2e}, expected at most {:.1e}", name,
                                        found, bound));
                } catch (const std::exception& error) {
                    result.failed(name + ": " + error.what());
                }
            }
        }
    if (const int unfused = choices_of_no_engine(device); unfused > 0)
        result.name += fmt::format(", {} epilogues not fused", unfused);
    return result;
}

}  // namespace unmask
