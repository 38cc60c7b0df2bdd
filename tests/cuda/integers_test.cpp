// SPDX-License-Identifier: Apache-2.0
// What 8-bit integers on a GPU are checked by: it holds in any order of threads and where as many levels as
// it allows are rounded the other way, and not where one kernel call of a network computes something else.
#include <gtest/gtest.h>

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
    }
}

// Every five hundredth level of each convolution is one lower, or higher.
TEST(Integers, ThatShareOfLevelsMayBeRoundedTheOtherWay) {
    static_assert(integers_share == 1.0 / 500);
    const Slot other(quantized_conv2d_forward,
                     [](const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
                        const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
                         Slot::before(x, weight, multiplier, bias, residual, y, params);
                         simt::enqueue([levels = static_cast<uint8_t*>(y.raw()), count = y.numel()] {
                             for (int64_t i = 499; i < count; i += 500)
                                 levels[i] =
                                     static_cast<uint8_t>(levels[i] & 1 ? levels[i] - 1 : levels[i] + 1);
                         });
                     });
    for (const std::string& backbone : backbones) {
        const CheckResult result = check_quantized_detector(gpu, backbone);
        expect_passed(result);
        EXPECT_GT(result.worst, 1e-3) << "the levels were not moved";
    }
}

int calls_before_the_fault = 0;

// In any of three places of the eager pass of a resnet18 of two branches (20 convolutions each).
TEST(Integers, ABiasThatIsDroppedShows) {
    const Slot fault(quantized_conv2d_forward,
                     [](const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
                        const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
                         const bool wrong = calls_before_the_fault-- == 0;
                         Slot::before(x, weight, multiplier,
                                      wrong ? Tensor::zeros(bias.shape(), DType::f32, gpu) : bias, residual,
                                      y, params);
                     });
    for (const int calls : {1, 9, 27}) {
        calls_before_the_fault = calls;
        const CheckResult result = check_quantized_detector(gpu, "resnet18");
        EXPECT_LT(calls_before_the_fault, 0) << "the fault was not made";
        ASSERT_EQ(result.failures.size(), 1u) << "in call " << calls << "\n" << report(result);
        EXPECT_NE(result.failures[0].find("detector, resnet18: found a relative error"), std::string::npos)
            << result.failures[0];
    }
}

}  // namespace
}  // namespace unmask
