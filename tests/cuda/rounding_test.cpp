// SPDX-License-Identifier: Apache-2.0
// What a GPU's forward pass in bf16 and tf32 is checked by: it holds on the emulated GPU, and not where one
// kernel call of the pass computes something else.
#include <gtest/gtest.h>

#include <functional>

#include "engine/compute_mode.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv2d.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/gpu/checks.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

TEST(Rounding, OfAForwardPassStaysWithinItsBounds) {
    for (const Precision precision : {Precision::bf16, Precision::tf32}) {
        const CheckResult result = check_rounding(gpu, precision);
        EXPECT_EQ(result.cases, 6);
        EXPECT_TRUE(result.failures.empty()) << report(result);
    }
}

// Of the pass that is checked, not of that in float32 which it is compared with.
bool is_checked(const Tensor& first) {
    return first.dtype() == DType::bf16 || compute_mode().tf32;
}

// Whether this is the call that goes wrong, of those that are counted.
int calls_before_the_fault = 0;
bool is_the_fault(const Tensor& first) {
    return is_checked(first) && calls_before_the_fault-- == 0;
}

// The fault in any of three places of a resnet18 of two branches (20 convolutions and norms each), by what is
// compared and not by an exception, after which nothing is.
void expect_caught(
    const char* what, const std::function<void()>& before_each = [] {}) {
    for (const Precision precision : {Precision::bf16, Precision::tf32})
        for (const int calls : {1, 9, 27}) {
            before_each();
            calls_before_the_fault = calls;
            const CheckResult result = check_rounding(gpu, precision);
            EXPECT_LT(calls_before_the_fault, 0) << "the fault was not made";
            EXPECT_EQ(result.cases, 6) << report(result);
            EXPECT_FALSE(result.failures.empty()) << what << " in call " << calls << "\n" << report(result);
        }
}

TEST(Rounding, AnActivationThatIsMissedShows) {
    using Slot = ReplacedKernel<void(const Tensor&, std::vector<BatchNormBranch>&, const BatchNormParams&)>;
    const Slot fault(batch_norm_forward, [](const Tensor& first, std::vector<BatchNormBranch>& branches,
                                            const BatchNormParams& params) {
        BatchNormParams other = params;
        if (params.activation == Activation::relu && is_the_fault(first)) other.activation = Activation::none;
        Slot::before(first, branches, other);
    });
    expect_caught("missed activation");
}

TEST(Rounding, ABiasThatIsDroppedShows) {
    using Slot = ReplacedKernel<void(const Tensor&, std::vector<BatchNormBranch>&, const BatchNormParams&)>;
    const Slot fault(batch_norm_forward, [](const Tensor& first, std::vector<BatchNormBranch>& branches,
                                            const BatchNormParams& params) {
        if (!is_the_fault(first)) return Slot::before(first, branches, params);
        const Tensor bias = branches[0].groups[0].bias;
        branches[0].groups[0].bias = Tensor::zeros(bias.shape(), bias.dtype(), bias.device());
        Slot::before(first, branches, params);
        branches[0].groups[0].bias = bias;
    });
    expect_caught("dropped bias");
}

// The filters of another convolution of the same shape, as another branch has them.
TEST(Rounding, AWrongBranchsWeightsShow) {
    static std::vector<Tensor> seen;
    using Slot = ReplacedKernel<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                     const Conv2dParams&)>;
    const Slot fault(conv2d_forward, [](const Tensor& x, const Tensor& weight, const Tensor& bias,
                                        const Tensor& residual, Tensor& y, const Conv2dParams& params) {
        const Tensor* other = nullptr;
        for (const Tensor& one : seen)
            if (one.shape() == weight.shape() && one.dtype() == weight.dtype()) other = &one;
        const bool wrong = other != nullptr && is_the_fault(x);
        Slot::before(x, wrong ? *other : weight, bias, residual, y, params);
        if (is_checked(x)) seen.push_back(weight);
    });
    expect_caught("wrong weights", [] { seen.clear(); });
    seen.clear();
}

}  // namespace
}  // namespace unmask
