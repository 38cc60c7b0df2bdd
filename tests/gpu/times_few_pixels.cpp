// SPDX-License-Identifier: Apache-2.0
// How long one picture's convolutions and products take by kernels of our own and by the libraries; declared
// in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "engine/context.h"
#include "engine/ops/matmul.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/convolution_cases.h"
#include "tests/gpu/split_k_case.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

// What the calls of one recording read in all: more than a GPU's cache holds.
constexpr int64_t read_bytes = int64_t{128} << 20;

size_t copies_of(int64_t bytes) {
    return static_cast<size_t>(std::clamp<int64_t>(read_bytes / bytes, 16, 512));
}

// Microseconds of one of the calls work(0), work(1), … that are recorded: of five runs the shortest.
double microseconds(Device device, size_t calls, const std::function<void(size_t)>& work) {
    Context& context = *context_of(device);
    const auto recorded = context.capture([&] {
        for (size_t call = 0; call < calls; ++call) work(call);
    });
    recorded->run();
    double shortest = std::numeric_limits<double>::infinity();
    for (int run = 0; run < 5; ++run) {
        const double begin = context.seconds();
        recorded->run();
        shortest = std::min(shortest, context.seconds() - begin);
    }
    return shortest * 1e6 / static_cast<double>(calls);
}

std::string convolution_times(const Geometry& geometry, Device device) {
    constexpr ConvolutionPart part = ConvolutionPart::relu;
    const ConvolutionCase one(geometry, 1, DType::bf16, device);
    std::vector<ConvolutionCase> cases;
    for (size_t i = 0; i < copies_of(one.read_bytes()); ++i) cases.push_back(one.clone());
    std::string text = geometry.name() + ":";
    for (size_t nth = 0, offered = 1; nth < offered; ++nth) {
        SplitK kernel(nth);
        static_cast<void>(one.compute(part, std::ref(kernel)));
        offered = kernel.offered;
        text += fmt::format(" {} slices {:.1f} us,", kernel.used,
                            microseconds(device, cases.size(), [&](size_t i) {
                                static_cast<void>(cases[i].compute(part, std::ref(kernel)));
                            }));
    }
    static_cast<void>(one.compute(part));  // chooses its algorithm
    return text + fmt::format(" the library's first suggestion {:.1f} us",
                              microseconds(device, cases.size(),
                                           [&](size_t i) { static_cast<void>(cases[i].compute(part)); }));
}

// By the kernel up to four rows, by the library from five on.
std::string product_times(int64_t k, int64_t n, Device device) {
    const Tensor weight = projection({n, k}, DType::f32).to(device);
    std::vector<Tensor> weights;
    for (size_t i = 0; i < copies_of(weight.numel() * 4); ++i) weights.push_back(weight.clone());
    std::string text = fmt::format("{} to {} features in f32:", k, n);
    for (const int64_t rows : {1, 4, 5}) {
        const Tensor x = projection({rows, k}, DType::f32).to(device);
        const auto product = [&](size_t i) {
            static_cast<void>(linear_fused(x, weights[i], Tensor(), Activation::relu));
        };
        product(0);
        text += fmt::format(" {} rows {:.1f} us{}", rows, microseconds(device, weights.size(), product),
                            rows < 5 ? "," : " (the library's)");
    }
    return text;
}

}  // namespace

CheckResult time_few_pixels(Device device) {
    CheckResult result{.name = fmt::format("one picture on {}", name_of(device))};
    const NoGrad nothing_recorded;
    // Timing would choose the kernel itself for what it is compared with.
    const ComputeModeScope untimed({.deterministic = false, .time_algorithms = false});
    const auto note = [&](const std::function<std::string()>& times) {
        ++result.cases;
        try {
            result.notes.push_back(times());
        } catch (const std::exception& error) {
            result.failed(error.what());
        }
    };
    for (const Geometry& geometry : geometries)
        note([&] { return convolution_times(as_held_in(DType::bf16, geometry), device); });
    for (const auto& [k, n] : {std::pair{2048, 1000}, {1000, 500}, {500, 512}, {512, 2}})
        note([&, k = k, n = n] { return product_times(k, n, device); });
    return result;
}

}  // namespace unmask
