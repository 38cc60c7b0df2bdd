// SPDX-License-Identifier: Apache-2.0
// What 8-bit integers on a GPU are checked by: it holds in any order of threads and where as many levels as
// it allows are rounded the other way, and not where one kernel call of a network computes something else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "engine/ops/quantized_conv2d.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/gpu/checks.h"
#include "tests/simt/order_scope.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
using Slot = ReplacedKernel<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                 Tensor&, const QuantizedConv2dParams&)>;

const std::string backbones[] = {"resnet18", "mobilenet_v1"};

void expect_passed(const CheckResult& result) {
    std::cout << report(result);
    EXPECT_GT(result.cases, 0);
    EXPECT_TRUE(result.failures.empty());
}

TEST(Integers, AreTheCpusInAnyOrderOfThreads) {
    for (const simt::Order order : simt::orders) {
        SCOPED_TRACE(name_of(order));
        const simt::OrderScope scope(order);
        expect_passed(check_integer_ops(gpu));
    }
}

TEST(Integers, OfDetectorsAreTheCpus) {
    for (const std::string& backbone : backbones) {
        const CheckResult result = check_quantized_detector(gpu, backbone);
        expect_passed(result);
        EXPECT_LT(result.worst, 1e-3);  // here no level is rounded the other way
        // By which a test without a GPU counts what it leaves out.
        EXPECT_EQ(check_quantized_detector(cpu_device, backbone).cases, result.cases);
    }
}

// While it lives every so many levels of each convolution are one lower, or higher.
int between_moved_levels = 0;
struct MovedLevels {
    explicit MovedLevels(int between) { between_moved_levels = between; }
    const Slot other{quantized_conv2d_forward,
                     [](const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
                        const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
                         Slot::before(x, weight, multiplier, bias, residual, y, params);
                         simt::enqueue([levels = static_cast<uint8_t*>(y.raw()), count = y.numel(),
                                        step = between_moved_levels] {
                             for (int64_t i = step - 1; i < count; i += step)
                                 levels[i] =
                                     static_cast<uint8_t>(levels[i] & 1 ? levels[i] - 1 : levels[i] + 1);
                         });
                     }};
};

TEST(Integers, ThatShareOfLevelsMayBeRoundedTheOtherWay) {
    static_assert(integers_share == 1.0 / 500);
    const MovedLevels moved(500);
    for (const std::string& backbone : backbones) {
        const CheckResult result = check_quantized_detector(gpu, backbone);
        expect_passed(result);
        EXPECT_GT(result.worst, 0.1) << "the levels were not moved";
    }
}

TEST(Integers, MoreThanThatShareShows) {
    const MovedLevels moved(400);
    const CheckResult result = check_quantized_detector(gpu, "mobilenet_v1");
    EXPECT_GT(result.failures.size(), 10u) << report(result);
}

// Of each convolution, as each is checked with what the GPU has given it.
TEST(Integers, EveryBiasThatIsDroppedShows) {
    const Slot fault(quantized_conv2d_forward,
                     [](const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
                        const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
                         Slot::before(x, weight, multiplier, Tensor::zeros(bias.shape(), DType::f32, gpu),
                                      residual, y, params);
                     });
    for (const auto& [backbone, count] :
         {std::pair{"resnet18", resnet_convolutions}, {"mobilenet_v1", mobilenet_convolutions}}) {
        const CheckResult result = check_quantized_detector(gpu, backbone);
        for (int call = 1; call <= count; ++call) {
            const std::string begin = fmt::format("detector, {}, convolution {}, ", backbone, call);
            EXPECT_TRUE(std::ranges::any_of(result.failures, [&](const std::string& failure) {
                return failure.starts_with(begin);
            })) << begin;
        }
    }
}

int calls_before_the_fault = 0;

// In any place of the pass, and of no other convolution. Whether the logits of mobilenet_v1 tell it near the
// beginning is left open.
TEST(Integers, ABiasThatIsDroppedShows) {
    const Slot fault(quantized_conv2d_forward,
                     [](const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
                        const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
                         const bool wrong = calls_before_the_fault-- == 0;
                         Slot::before(x, weight, multiplier,
                                      wrong ? Tensor::zeros(bias.shape(), DType::f32, gpu) : bias, residual,
                                      y, params);
                     });
    const auto expect_told = [](const std::string& backbone, int call, bool surely_in_the_logits) {
        calls_before_the_fault = call - 1;
        const CheckResult result = check_quantized_detector(gpu, backbone);
        EXPECT_LT(calls_before_the_fault, 0) << "the fault was not made";
        SCOPED_TRACE(fmt::format("{}, call {}\n{}", backbone, call, report(result)));
        ASSERT_GE(result.failures.size(), surely_in_the_logits ? 2u : 1u);
        ASSERT_LE(result.failures.size(), 2u);
        const std::string place = "detector, " + backbone;
        EXPECT_TRUE(result.failures[0].starts_with(place + ", convolution " + std::to_string(call) + ", "))
            << result.failures[0];
        if (result.failures.size() == 2) {
            EXPECT_TRUE(result.failures[1].starts_with(place + ": found a relative error"))
                << result.failures[1];
        }
    };
    for (const int call : {2, 28}) expect_told("resnet18", call, true);
    expect_told("mobilenet_v1", 5, false);
    expect_told("mobilenet_v1", 52, true);
}

}  // namespace
}  // namespace unmask
