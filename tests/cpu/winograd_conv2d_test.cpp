// SPDX-License-Identifier: Apache-2.0
// Winograd's convolutions against the direct form in float64, over shapes that cut tiles at every border.
#include "cpu/winograd_conv2d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/cpu/convolution_operands.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

struct Case {
    Shape x;
    int64_t outputs;
    int padding;
    bool epilogue;
    int stride = 1;
    double bound = 6e-6;           // of its error
    double gradient_bound = 4e-6;  // of x's
};

// Tiles of 4 × 4 for up to 128 · 128 weights a tap or where an image has twelve (then of 5 × 5 if that saves
// products; they round more), else of 2 × 2, or of 4 × 4 of kept taps where weights are frozen: one part of
// rows and several; maps smaller than a tile, of a tile's size, with rests; few tiles (shared by the threads)
// and many (a block for each thread at a time). Batches of enough tiles, of 4 × 4 and of 5 × 5, whose weights
// are not kept; channels that parts of 64 leave a rest of, and fewer. Of stride 2: without rests, with, odd
// and even sizes, many channels.
const Case cases[] = {{{1, 1, 1, 32}, 32, 1, false},
                      {{1, 2, 3, 32}, 64, 1, true},
                      {{2, 4, 4, 64}, 32, 1, true},
                      {{1, 5, 9, 64}, 96, 0, false},
                      {{3, 7, 7, 128}, 128, 1, true},
                      {{1, 14, 13, 48}, 32, 2, true},
                      {{2, 56, 56, 32}, 32, 1, true},
                      {{1, 7, 7, 256}, 256, 1, true},
                      {{2, 3, 3, 192}, 128, 1, false},
                      {{2, 16, 16, 256}, 96, 1, true, 1, 9e-6},
                      {{1, 1, 2, 544}, 32, 2, false},
                      {{2, 7, 7, 256}, 256, 1, true, 1, 9e-6},
                      {{3, 7, 7, 256}, 128, 1, true, 1, 9e-6},
                      {{15, 3, 3, 192}, 128, 1, false, 1, 9e-6},
                      {{1, 13, 11, 512}, 64, 1, true, 1, 1.3e-5},
                      {{4, 7, 7, 528}, 96, 1, true, 1, 1.3e-5},
                      {{4, 7, 7, 544}, 96, 1, false, 1, 1.3e-5},
                      {{17, 4, 3, 48}, 480, 2, false, 1, 1.2e-5},
                      {{1, 14, 14, 256}, 96, 1, true, 1, 2.5e-5, 1e-5},
                      {{1, 14, 14, 272}, 96, 1, true, 1, 2.5e-5, 1e-5},
                      {{9, 14, 14, 256}, 96, 1, true, 1, 2.5e-5, 1e-5},
                      {{5, 9, 6, 192}, 192, 1, true, 1, 1.7e-5, 1e-5},
                      {{1, 15, 16, 32}, 64, 1, false, 2},
                      {{2, 25, 28, 48}, 96, 1, true, 2},
                      {{3, 17, 17, 384}, 64, 0, true, 2}};

struct Operands : ConvolutionOperands {
    explicit Operands(const Case& c)
        : ConvolutionOperands(c.x, {c.outputs, 3, 3, c.x[3]}, 1.0 / std::sqrt(3.0 * double(c.x[3])),
                              {.stride = {c.stride, c.stride},
                               .padding_before = {c.padding, c.padding},
                               .padding_after = {c.padding, c.padding}},
                              c.epilogue) {}
};

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
    return {tensor.data<T>(), tensor.data<T>() + tensor.numel()};
}

double largest_difference(const Tensor& f32, const Tensor& f64) {
    double worst = 0;
    for (int64_t i = 0; i < f32.numel(); ++i)
        worst = std::max(worst, std::fabs(double(f32.data<float>()[i]) - f64.data<double>()[i]));
    return worst;
}

std::string name(const testing::TestParamInfo<Case>& info) {
    return "case_" + std::to_string(info.index);
}

class WinogradConv2d : public testing::TestWithParam<Case> {};

// Values are about 1 in size, the direct form's own error here is up to 1e-6. A product of every point of a
// tile is a sum over the channels in float32, whose rounding grows with their root.
TEST_P(WinogradConv2d, IsTheConvolution) {
    const Operands operands(GetParam());
    for (const bool frozen : {false, true}) {
        if (frozen) operands.weight.buffer()->freeze();
        const ComputeModeScope mode({.winograd = frozen ? Winograd::inference : Winograd::all});
        const Tensor computed = operands.forward(DType::f32);
        EXPECT_LE(largest_difference(computed, operands.forward(DType::f64)), GetParam().bound);
        EXPECT_EQ(values_of<float>(computed), values_of<float>(operands.forward(DType::f32))) << "again";
    }
}

// It was computed so at all: the direct form rounds otherwise.
TEST_P(WinogradConv2d, FollowsTheMode) {
    const Operands operands(GetParam());
    const auto computed = [&](Winograd winograd) {
        const ComputeModeScope mode({.winograd = winograd});
        return values_of<float>(operands.forward(DType::f32));
    };
    const std::vector<float> direct = computed(Winograd::off);
    EXPECT_EQ(direct, computed(Winograd::inference)) << "weights that may change";
    EXPECT_NE(direct, computed(Winograd::all));
    operands.weight.buffer()->freeze();
    EXPECT_NE(direct, computed(Winograd::inference));
    EXPECT_EQ(direct, computed(Winograd::off));
}

TEST_P(WinogradConv2d, HasTheSameBytesForAnyNumberOfThreads) {
    const Operands operands(GetParam());
    const ComputeModeScope mode({.winograd = Winograd::all});
    const auto computed = [&](int count) {
        const ThreadScope threads(count);
        return values_of<float>(operands.forward(DType::f32));
    };
    const std::vector<float> alone = computed(1);
    for (const int threads : {3, 4}) EXPECT_EQ(alone, computed(threads)) << threads;
}

// Of the same operands, whatever their epilogue; y's gradient is drawn.
struct Gradients {
    Tensor x, weight;
};
Gradients gradients(const Operands& operands, DType dtype) {
    const Tensor grad_y = drawn(operands.y, "grad_y", 1).to(dtype);
    Conv2dParams params = operands.params;
    params.activation = Activation::none;
    Gradients result{Tensor::empty(operands.x.shape(), dtype), Tensor::empty(operands.weight.shape(), dtype)};
    conv2d_backward_data(grad_y, operands.weight.to(dtype), result.x, params, false);
    conv2d_backward_weight(grad_y, operands.x.to(dtype), result.weight, params);
    return result;
}

// The errors relative to the largest value: weight gradients are sums over all positions.
TEST_P(WinogradConv2d, HasTheGradientsOfTheConvolution) {
    const Operands operands(GetParam());
    const Gradients exact = gradients(operands, DType::f64);
    const auto largest = [](const Tensor& t) {
        double most = 0;
        for (const double value : values_of<double>(t)) most = std::max(most, std::fabs(value));
        return most;
    };
    const auto relative_error = [&](const Tensor& computed, const Tensor& reference) {
        return largest_difference(computed, reference) / largest(reference);
    };
    const ComputeModeScope mode({.winograd = Winograd::all});
    const Gradients computed = gradients(operands, DType::f32);
    EXPECT_LE(relative_error(computed.x, exact.x), GetParam().gradient_bound);
    EXPECT_LE(relative_error(computed.weight, exact.weight), 4e-6);
    EXPECT_EQ(values_of<float>(computed.weight), values_of<float>(gradients(operands, DType::f32).weight))
        << "again";
}

TEST_P(WinogradConv2d, GradientsFollowTheModeAndHaveTheSameBytesForAnyNumberOfThreads) {
    const Operands operands(GetParam());
    const auto computed = [&](Winograd winograd, int threads) {
        const ComputeModeScope mode({.winograd = winograd});
        const ThreadScope scope(threads);
        const Gradients result = gradients(operands, DType::f32);
        return std::pair(values_of<float>(result.x), values_of<float>(result.weight));
    };
    const auto one = computed(Winograd::all, 1), direct = computed(Winograd::off, 1);
    EXPECT_EQ(direct, computed(Winograd::inference, 1));
    if (GetParam().stride == 2) {
        EXPECT_EQ(one, direct) << "gradients of stride 2 are computed directly";
        return;
    }
    for (const int threads : {3, 4}) EXPECT_EQ(one, computed(Winograd::all, threads)) << threads;
    if (GetParam().x[3] % 32 == 0) {  // the outputs of the gradient's convolution
        EXPECT_NE(one.first, direct.first);
    }
    EXPECT_NE(one.second, direct.second);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradConv2d, testing::ValuesIn(cases), name);

// The first image's and the last one's outputs of a convolution of nine, and of `few` images that begin with
// the same or end with it.
void expect_same_bytes(const Case& nine, int64_t few) {
    const ComputeModeScope mode({.winograd = Winograd::all});
    const Operands many(nine);
    const std::vector<float> all = values_of<float>(many.forward(DType::f32));
    Case smaller = nine;
    smaller.x = Shape{few, nine.x[1], nine.x[2], nine.x[3]};
    const int64_t input = many.x.numel() / 9, output = std::ssize(all) / 9;
    for (const int64_t image : {int64_t{0}, 9 - few}) {
        Operands part(smaller);
        std::copy_n(many.x.data<float>() + image * input, few * input, part.x.data<float>());
        EXPECT_EQ(values_of<float>(part.forward(DType::f32)),
                  std::vector<float>(all.begin() + image * output, all.begin() + (image + few) * output))
            << few << " images from image " << image << " on";
    }
}

// Tiles of 5 × 5 also where the weights are kept for one image and not for nine.
TEST(WinogradConv2d, GivesAnImageTheSameBytesInAnyBatch) {
    for (const Case& c : {Case{{9, 14, 14, 64}, 64, 1, false}, Case{{9, 14, 14, 256}, 96, 1, false},
                          Case{{9, 15, 16, 32}, 64, 1, false, 2}})
        expect_same_bytes(c, 1);
}

// Tiles whose weights are not kept take sixteen in the batch, four an image here.
TEST(WinogradConv2d, GivesAnImageTheSameBytesAmongEnoughOthers) {
    expect_same_bytes({{9, 7, 7, 512}, 64, 1, false}, 4);
}

// Weights that are kept for forward do not serve the gradient, whose channels may be as many.
TEST(WinogradConv2d, HasTheGradientOfWeightsKeptForForward) {
    for (const Shape& x : {Shape{1, 7, 7, 256}, Shape{1, 14, 14, 256}}) {
        const Operands operands({x, 256, 1, false});
        operands.weight.buffer()->freeze();
        const ComputeModeScope mode({.winograd = Winograd::all});
        EXPECT_LE(largest_difference(operands.forward(DType::f32), operands.forward(DType::f64)), 2.5e-5);
        const Tensor grad_y = drawn(operands.y, "grad_y", 1);
        Tensor grad_x = Tensor::empty(operands.x.shape());
        conv2d_backward_data(grad_y, operands.weight, grad_x, operands.params, false);
        EXPECT_LE(largest_difference(grad_x, gradients(operands, DType::f64).x), 2.5e-5);
        EXPECT_LE(largest_difference(operands.forward(DType::f32), operands.forward(DType::f64)), 2.5e-5)
            << "after the gradient";
    }
}

// Output channels that parts of 64 leave a rest of, for kept tiles of 5 × 5 and on the fly. The bound
// is the cases' of 96 channels, 1e-5, times the root of how many more are summed.
TEST(WinogradConv2d, HasTheGradientOfARestOfChannels) {
    for (const int64_t images : {1, 5}) {
        const Operands operands({{images, 14, 14, 256}, 272, 1, false});
        const Tensor exact = gradients(operands, DType::f64).x;
        const ComputeModeScope mode({.winograd = Winograd::all});
        const Tensor computed = gradients(operands, DType::f32).x;
        double largest = 0;
        for (const double value : values_of<double>(exact)) largest = std::max(largest, std::fabs(value));
        EXPECT_LE(largest_difference(computed, exact) / largest, 1e-5 * std::sqrt(272.0 / 96))
            << images << " images";
        const ComputeModeScope direct({.winograd = Winograd::off});
        EXPECT_NE(values_of<float>(computed), values_of<float>(gradients(operands, DType::f32).x));
    }
}

TEST(WinogradConv2d, PadsEachSideByItself) {
    const ComputeModeScope mode({.winograd = Winograd::all});
    for (const int stride : {1, 2}) {
        Operands operands({{1, 16, 17, 32}, 64, 0, false, stride});
        operands.params.padding_before = {0, 1};
        operands.params.padding_after = {stride == 1 ? 1 : 2, 0};
        operands.y = conv2d_shape(operands.x.shape(), operands.weight.shape(), operands.params);
        Tensor computed = Tensor::empty(operands.y);
        ASSERT_TRUE(
            winograd_forward(operands.x, operands.weight, Tensor(), Tensor(), computed, operands.params));
        EXPECT_LE(largest_difference(computed, operands.forward(DType::f64)), 6e-6) << "stride " << stride;
    }
}

TEST(WinogradConv2d, OfNoImagesIsNothing) {
    const ComputeModeScope mode({.winograd = Winograd::all});
    const PortableScope portable;
    Tensor y = Tensor::empty({0, 6, 6, 32}), grad_x = Tensor::empty({0, 8, 8, 32});
    const Tensor weight = Tensor::zeros({32, 3, 3, 32}), none;
    EXPECT_NO_THROW(conv2d_forward(grad_x, weight, none, none, y, Conv2dParams{}));
    EXPECT_NO_THROW(conv2d_backward_data(y, weight, grad_x, Conv2dParams{}, false));
}

TEST(WinogradConv2d, LeavesOtherConvolutionsAlone) {
    const ComputeModeScope mode({.winograd = Winograd::all});
    const Tensor bias, residual;
    const auto taken = [&](const Shape& x, const Shape& weight, const Conv2dParams& params) {
        Tensor y = Tensor::zeros(conv2d_shape(x, weight, params));
        return winograd_forward(Tensor::zeros(x), Tensor::zeros(weight), bias, residual, y, params);
    };
    const Conv2dParams plain;
    EXPECT_TRUE(taken({1, 8, 8, 32}, {32, 3, 3, 32}, plain));
    EXPECT_FALSE(taken({1, 8, 8, 16}, {32, 3, 3, 16}, plain)) << "few channels";
    EXPECT_FALSE(taken({1, 8, 8, 33}, {32, 3, 3, 33}, plain)) << "channels that fill no vectors";
    EXPECT_FALSE(taken({1, 8, 8, 32}, {32, 5, 5, 32}, plain));
    EXPECT_FALSE(taken({1, 8, 8, 32}, {32, 1, 1, 32}, plain));
    Conv2dParams params = plain;
    params.stride = {2, 2};
    EXPECT_TRUE(taken({1, 17, 17, 32}, {32, 3, 3, 32}, params));
    EXPECT_FALSE(taken({1, 8, 8, 32}, {32, 3, 3, 32}, params)) << "few tiles";
    EXPECT_FALSE(taken({9, 15, 15, 32}, {32, 3, 3, 32}, params)) << "tiles that are cut: 7 x 7 outputs";
    params.stride = {2, 1};
    EXPECT_FALSE(taken({1, 17, 17, 32}, {32, 3, 3, 32}, params));
    params = plain;
    params.dilation = {2, 2};
    EXPECT_FALSE(taken({1, 8, 8, 32}, {32, 3, 3, 32}, params));
    params = plain;
    params.groups = 2;
    EXPECT_FALSE(taken({1, 8, 8, 64}, {64, 3, 3, 32}, params));
    params = plain;
    params.activation = Activation::silu;
    EXPECT_FALSE(taken({1, 8, 8, 32}, {32, 3, 3, 32}, params));
}

TEST(WinogradConv2d, PassesNotANumberThroughRelu) {
    Operands operands({{1, 6, 6, 32}, 32, 1, true});
    operands.x.data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
    const ComputeModeScope mode({.winograd = Winograd::all});
    EXPECT_TRUE(std::isnan(operands.forward(DType::f32).data<float>()[0]));
}

TEST(Winograd, NamesItsModes) {
    for (const Winograd mode : {Winograd::off, Winograd::inference, Winograd::all})
        EXPECT_EQ(parse_winograd(name_of(mode)), mode);
    expect_error([] { static_cast<void>(parse_winograd("on")); },
                 {"expected winograd off, inference or all, found 'on'"});
}

}  // namespace
}  // namespace unmask
