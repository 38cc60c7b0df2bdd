// SPDX-License-Identifier: Apache-2.0
// The convolution of few pixels on the emulated GPU against the CPU's, and in any order of threads.
#include "cuda/split_k_conv2d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/chains.h"
#include "engine/context.h"
#include "tests/gpu/checks.h"
#include "tests/simt/machine.h"
#include "tests/simt/order_scope.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

struct Case {
    const char* name;
    Shape x, weight;
    Conv2dOptions options;
    bool bias = true, residual = false;
    Activation activation = Activation::relu;
};

const Case cases[] = {
    // As the residual blocks of resnet34, with fewer channels: one tile of pixels, slices of the depth.
    {"late", {1, 7, 7, 128}, {64, 3, 3, 128}, {.padding = {1, 1}}, true, true},
    {"two_tiles_of_outputs", {1, 7, 7, 64}, {104, 3, 3, 64}, {.padding = {1, 1}}},
    {"several_tiles_of_pixels", {2, 9, 13, 32}, {40, 3, 3, 32}, {.padding = {1, 1}}, true, true},
    {"downsampled", {1, 14, 14, 64}, {128, 3, 3, 64}, {.stride = {2, 2}, .padding = {1, 1}}},
    {"shortcut", {1, 14, 14, 64}, {128, 1, 1, 64}, {.stride = {2, 2}}, true, false, Activation::none},
    // A stem: several taps in one step of the depth, and a depth that is no multiple of it.
    {"stem", {1, 21, 19, 8}, {64, 7, 7, 8}, {.stride = {2, 2}, .padding = {3, 3}}},
    {"pointwise", {1, 7, 7, 320}, {96, 1, 1, 320}, {}, true, true, Activation::silu},
    {"odd_channels", {1, 6, 5, 24}, {8, 3, 3, 24}, {.padding = {1, 1}}, false, false, Activation::none},
    {"dilated", {3, 8, 8, 40}, {16, 3, 2, 40}, {.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 1}}},
    {"no_bias", {1, 8, 8, 16}, {16, 5, 5, 16}, {.padding = {2, 2}}, false, true, Activation::relu},
};

class SplitK : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        const Case& one = GetParam();
        params_ = conv2d_params(one.x, one.weight, one.options);
        params_.activation = one.activation;
        const Shape y = conv2d_shape(one.x, one.weight, params_);
        x_ = projection(one.x, DType::f32).to(DType::bf16);
        weight_ = projection(one.weight, DType::f32).to(DType::bf16);
        if (one.bias) bias_ = projection({one.weight[0]}, DType::f32).to(DType::bf16);
        if (one.residual) residual_ = projection(y, DType::f32).to(DType::bf16);
        y_ = Tensor::empty(y, DType::bf16, gpu);
    }
    Tensor on_gpu(int slices) {
        const auto moved = [](const Tensor& tensor) { return tensor.defined() ? tensor.to(gpu) : tensor; };
        const Tensor x = moved(x_), weight = moved(weight_), bias = moved(bias_), residual = moved(residual_);
        offered_ = split_k_conv2d_slices(x, weight, bias, residual, y_, params_);
        y_.fill_zero();
        split_k_conv2d_forward(x, weight, bias, residual, y_, params_, slices);
        return y_.to(cpu_device);
    }
    // In float64.
    Tensor on_cpu() {
        const auto wide = [](const Tensor& tensor) {
            return tensor.defined() ? tensor.to(DType::f64) : tensor;
        };
        Tensor y = Tensor::empty(y_.shape(), DType::f64);
        conv2d_forward(wide(x_), wide(weight_), wide(bias_), wide(residual_), y, params_);
        return y;
    }
    Conv2dParams params_;
    Tensor x_, weight_, bias_, residual_, y_;
    std::vector<int> offered_;
};

INSTANTIATE_TEST_SUITE_P(Shapes, SplitK, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

// Sums are float32's: what remains is the rounding of y.
TEST_P(SplitK, AgreesWithTheCpu) {
    const Tensor expected = on_cpu(), rounded = expected.to(DType::f32).to(DType::bf16);
    for (const int slices : {1, 2, 3, 4, 8, 16}) {
        const Tensor found = on_gpu(slices);
        EXPECT_LE(difference(found, expected).relative, 3e-3) << slices;
        EXPECT_LE(difference(found, rounded).relative, 5e-4) << slices;
    }
    EXPECT_FALSE(offered_.empty());
}

TEST_P(SplitK, HasTheSameBytesInAnyOrderOfThreads) {
    for (const int slices : {1, 4}) {
        const Tensor expected = on_gpu(slices);
        for (const simt::Order order : simt::orders) {
            const simt::OrderScope scope(order);
            EXPECT_TRUE(same_bytes(on_gpu(slices), expected)) << simt::name_of(order) << ", " << slices;
        }
    }
}

// That chains do not share counters, cuda_context_test says: launches of the emulated GPU do not overlap.
TEST(SplitKConv2d, RunsInChainsAndRecordedWork) {
    const Shape x_shape{1, 7, 7, 128}, weight_shape{64, 3, 3, 128};
    const Conv2dParams params = conv2d_params(x_shape, weight_shape, {.padding = {1, 1}});
    const Tensor weight = projection(weight_shape, DType::f32).to(DType::bf16).to(gpu);
    std::vector<Tensor> x, y, expected;
    for (int i = 0; i < 2; ++i) {
        x.push_back(projection({2, 7, 7, 128}, DType::f32).rows(i, i + 1).to(DType::bf16).to(gpu));
        y.push_back(Tensor::empty(conv2d_shape(x_shape, weight_shape, params), DType::bf16, gpu));
    }
    for (size_t i = 0; i < 2; ++i) {
        split_k_conv2d_forward(x[i], weight, {}, {}, y[i], params, 4);
        expected.push_back(y[i].to(cpu_device));
    }
    EXPECT_FALSE(same_bytes(expected[0], expected[1]));
    const auto work = [&] {
        Chains chains(gpu, 2);
        for (int i = 0; i < 2; ++i) {
            chains.use(i);
            split_k_conv2d_forward(x[size_t(i)], weight, {}, {}, y[size_t(i)], params, 4);
        }
    };
    work();
    const auto recorded = context_of(gpu)->capture(work);
    for (int run = 0; run < 2; ++run) {
        for (Tensor& one : y) one.fill_zero();
        recorded->run();
        for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(same_bytes(y[i].to(cpu_device), expected[i]));
    }
}

TEST(SplitKConv2d, KeepsWhatIsNotANumber) {
    const Shape x_shape{1, 4, 4, 128}, weight_shape{128, 1, 1, 128};
    Conv2dParams params = conv2d_params(x_shape, weight_shape, {});
    params.activation = Activation::relu;
    Tensor x = Tensor::zeros(x_shape);
    x.data<float>()[128 * 5 + 100] = std::numeric_limits<float>::quiet_NaN();
    const Tensor weight = Tensor::full(weight_shape, 1.0, DType::bf16).to(gpu);
    Tensor y = Tensor::empty(x_shape, DType::bf16, gpu);
    for (const int slices : {1, 2}) {
        split_k_conv2d_forward(x.to(DType::bf16).to(gpu), weight, {}, {}, y, params, slices);
        const std::vector<double> found = y.to_doubles();
        for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(std::isnan(found[i]), i / 128 == 5) << i;
    }
}

TEST(SplitKConv2d, OffersSlicesForWhatItTakes) {
    const auto slices = [](const Shape& x, const Shape& weight, Conv2dOptions options = {},
                           DType dtype = DType::bf16) {
        const Conv2dParams params = conv2d_params(x, weight, options);
        const Tensor y = Tensor::empty(conv2d_shape(x, weight, params), dtype, gpu);
        return split_k_conv2d_slices(Tensor::empty(x, dtype, gpu), Tensor::empty(weight, dtype, gpu), {}, {},
                                     y, params);
    };
    using Slices = std::vector<int>;
    EXPECT_EQ(slices({1, 7, 7, 16}, {16, 1, 1, 16}), Slices{1});
    EXPECT_EQ(slices({1, 7, 7, 512}, {512, 3, 3, 512}, {.padding = {1, 1}}), (Slices{1, 2, 4, 8, 16}));
    EXPECT_EQ(slices({1, 56, 56, 64}, {64, 3, 3, 64}, {.padding = {1, 1}}), (Slices{1, 2, 4}));
    EXPECT_EQ(slices({1, 14, 14, 256}, {256, 3, 3, 256}, {.padding = {1, 1}}), (Slices{1, 2, 4, 8, 15}));
    EXPECT_EQ(slices({8, 56, 56, 64}, {64, 3, 3, 64}, {.padding = {1, 1}}), (Slices{1, 2}));
    EXPECT_EQ(slices({1, 224, 224, 8}, {64, 7, 7, 8}, {.stride = {2, 2}, .padding = {3, 3}}),
              (Slices{1, 2, 4}));
    EXPECT_EQ(slices({32, 56, 56, 64}, {64, 3, 3, 64}, {.padding = {1, 1}}), Slices{});  // many pixels
    EXPECT_EQ(slices({1, 7, 7, 16}, {16, 1, 1, 16}, {}, DType::f32), Slices{});
    EXPECT_EQ(slices({1, 7, 7, 12}, {16, 1, 1, 12}), Slices{});
    EXPECT_EQ(slices({1, 7, 7, 16}, {12, 1, 1, 16}), Slices{});
    EXPECT_EQ(slices({1, 7, 7, 16}, {16, 1, 1, 8}, {.groups = 2}), Slices{});
    // Not at a multiple of 16 bytes.
    const Shape x{1, 7, 7, 16}, weight{16, 1, 1, 16};
    const Conv2dParams params = conv2d_params(x, weight, {});
    const Tensor whole = Tensor::empty({x.numel() + 1}, DType::bf16, gpu);
    const Tensor odd = Tensor::view(whole.buffer(), 2, x, DType::bf16);
    EXPECT_EQ(split_k_conv2d_slices(odd, Tensor::empty(weight, DType::bf16, gpu), {}, {},
                                    Tensor::empty(x, DType::bf16, gpu), params),
              Slices{});
}

}  // namespace
}  // namespace unmask
