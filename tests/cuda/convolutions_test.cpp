// SPDX-License-Identifier: Apache-2.0
// What a GPU's convolutions are checked by: it holds on the emulated GPU, and not where one of them is wrong.
#include <gtest/gtest.h>

#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/gpu/checks.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr int cases = 2 * (14 * 7 + 5);  // the stem has no gradient of x

using DataSlot = ReplacedKernel<void(const Tensor&, const Tensor&, Tensor&, const Conv2dParams&, bool)>;

TEST(Convolutions, StayWithinTheirBounds) {
    const CheckResult result = check_convolutions(gpu, 1);
    EXPECT_EQ(result.cases, cases);
    EXPECT_TRUE(result.failures.empty()) << report(result);
}

TEST(Convolutions, AGradientThatIsLostShows) {
    const DataSlot fault(conv2d_backward_data, [](const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                                  const Conv2dParams& params, bool) {
        DataSlot::before(grad_y, weight, grad_x, params, false);
    });
    const CheckResult result = check_convolutions(gpu, 1);
    EXPECT_EQ(result.failures.size(), 2u * 14) << report(result);  // all that are added to
}

// As an engine would do it that clears what no tap reaches: three quarters of a strided 1 x 1 convolution's
// x.
TEST(Convolutions, AGradientThatIsClearedWhereNoTapReachesShows) {
    const DataSlot fault(conv2d_backward_data, [](const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                                  const Conv2dParams& params, bool accumulate) {
        if (accumulate && weight.dim(1) == 1 && params.stride[0] == 2) grad_x.fill_zero();
        DataSlot::before(grad_y, weight, grad_x, params, accumulate);
    });
    const CheckResult result = check_convolutions(gpu, 1);
    EXPECT_EQ(result.failures.size(), 2u * 3) << report(result);
}

using ForwardSlot = ReplacedKernel<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                        const Conv2dParams&)>;

TEST(Convolutions, AResidualThatIsAddedBehindTheActivationShows) {
    const ForwardSlot fault(
        conv2d_forward, [](const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                           Tensor& y, const Conv2dParams& params) {
            ForwardSlot::before(x, weight, bias, Tensor(), y, params);
            if (residual.defined()) y.copy_from((Variable(y) + Variable(residual)).value());
        });
    const CheckResult result = check_convolutions(gpu, 1);
    EXPECT_EQ(result.failures.size(), 2u * 15) << report(result);
}

TEST(Convolutions, OfFewPixelsStayWithinTheirBounds) {
    const CheckResult result = check_split_k_conv2d(gpu, 2);
    EXPECT_EQ(result.cases, (15 + 9) * 4 + 1);
    EXPECT_TRUE(result.failures.empty()) << report(result);
}

}  // namespace
}  // namespace unmask
