// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_norm_activation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernel_observer.h"
#include "layers/initialization.h"
#include "layers/linear_norm_activation.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

struct Case {
    ConvNormActivationOptions options;
    bool with_residual;
};

// A block with weights and running statistics that are not the fresh ones.
std::unique_ptr<ConvNormActivation> lived_in(const ConvNormActivationOptions& options) {
    auto block = std::make_unique<ConvNormActivation>(options);
    block->initialize(5);
    for (auto& [name, tensor] : block->state()) {
        if (name == "0.weight") continue;
        Tensor place = tensor;
        fill_uniform(place, 0.5, 6, name);
        if (name == "1.bias" || name == "1.running_mean") continue;
        for (int64_t i = 0; i < place.numel(); ++i) place.data<float>()[i] += 1.0f;
    }
    return block;
}

double largest_difference(const Tensor& a, const Tensor& b) {
    const auto x = a.to_doubles(), y = b.to_doubles();
    double most = 0.0;
    for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
    return most;
}

TEST(ConvNormActivation, FoldedEqualsUnfolded) {
    const ConvNormActivationOptions plain{.in_channels = 8, .out_channels = 8, .stride = 1};
    ConvNormActivationOptions strided = plain, depthwise = plain, pointwise = plain, linear = plain;
    strided.stride = 2;
    depthwise.groups = 8;
    depthwise.kernel = 5;
    depthwise.activation = Activation::silu;
    pointwise.kernel = 1;
    linear.activation = Activation::none;
    const Case cases[] = {{plain, false},     {plain, true},      {strided, false}, {strided, true},
                          {depthwise, false}, {pointwise, false}, {linear, true},   {linear, false}};
    Tensor x = Tensor::empty({2, 9, 9, 8});
    fill_normal(x, 1.0, 1, "x");
    for (const Case& entry : cases) {
        const auto block = lived_in(entry.options);
        block->set_training(false);
        const NoGrad nothing_recorded;
        Tensor residual;
        if (entry.with_residual) {
            const int64_t side = entry.options.stride == 2 ? 5 : 9;
            residual = Tensor::empty({2, side, side, 8});
            fill_normal(residual, 1.0, 1, "residual");
        }
        const Tensor plain_result = block->forward(x, residual).value();
        block->prepare_inference();
        const Tensor folded_result = block->forward(x, residual).value();
        EXPECT_LT(largest_difference(plain_result, folded_result), 1e-4);
        EXPECT_NE(plain_result.to_floats(), folded_result.to_floats()) << "the folded path was not taken";
    }
}

TEST(ConvNormActivation, FoldedWeightsServeInferenceOnlyAndAreDropped) {
    const auto block = lived_in({.in_channels = 8, .out_channels = 8});
    Tensor x = Tensor::empty({2, 6, 6, 8});
    fill_normal(x, 1.0, 1, "x");
    block->set_training(false);
    const auto result = [&] {
        const NoGrad nothing_recorded;
        return block->forward(x).value().to_floats();
    };
    const auto plain = result();
    block->prepare_inference();
    const auto folded = result();
    ASSERT_NE(folded, plain);
    EXPECT_EQ(block->forward(x).value().to_floats(), plain) << "where gradients flow, the parameters serve";
    EXPECT_TRUE(block->forward(x).requires_grad());

    block->load_state(block->state());
    EXPECT_EQ(result(), plain);
    block->prepare_inference();
    EXPECT_EQ(result(), folded);
    block->set_training(true);
    block->set_training(false);
    EXPECT_EQ(result(), plain);
    block->set_training(true);
    block->prepare_inference();
    const auto trained = result();
    block->set_training(true);
    EXPECT_EQ(trained, result()) << "training mode never uses folded weights";
}

TEST(ConvNormActivation, KeptForInferenceItRecordsNothing) {
    const auto block = lived_in({.in_channels = 8, .out_channels = 8});
    const Tensor x = Tensor::full({2, 6, 6, 8}, 0.5);
    block->keep_inference_only();
    const std::vector<std::string> line{"expected gradients to be off", "kept for inference alone"};
    expect_error([&] { (void)block->forward(x); }, line);
    expect_error([&] { (void)forward_merged({block.get()}, x); }, line);
    LinearNormActivation linear({.in_features = 3, .out_features = 4});
    linear.keep_inference_only();
    expect_error([&] { (void)linear.forward(Tensor::zeros({2, 3})); }, line);
    const NoGrad nothing_recorded;
    EXPECT_TRUE(block->forward(x).defined());
    EXPECT_TRUE(linear.forward(Tensor::zeros({2, 3})).defined());
}

// Weights for inputs in bf16 are made when the first comes.
TEST(ConvNormActivation, WeightsThatCouldNotBeMadeAreMadeLater) {
    struct Failure : KernelObserver {
        void called(const KernelCall& call) override {
            if (std::string_view(call.name()) == "copy_pitched") throw Error("no memory");
        }
    };
    const auto block = lived_in({.in_channels = 3, .out_channels = 8});
    block->set_training(false);
    block->prepare_inference();
    const NoGrad nothing_recorded;
    const Tensor x = Tensor::full({2, 6, 6, 4}, 0.5);
    {
        const Failure failure;
        EXPECT_THROW((void)block->forward(x), Error);
    }
    EXPECT_EQ(block->forward(x).shape(), (Shape{2, 6, 6, 8}));
}

TEST(ConvNormActivation, WeightsInInt8RefuseInputsInBf16) {
    const auto block = lived_in({.in_channels = 3, .out_channels = 8});
    block->set_training(false);
    block->prepare_inference(WeightFormat::int8);
    const NoGrad nothing_recorded;
    for (const int64_t channels : {3, 4}) {
        const Tensor x = Tensor::full({2, 6, 6, channels}, 0.5);
        EXPECT_TRUE(block->forward(x).defined());
        expect_error([&] { (void)block->forward(x.to(DType::bf16)); },
                     {"compact conv2d: expected an input in f32", "found bf16 and i8"});
    }
}

// A fused ReLU would make zeros of what they give.
TEST(ConvNormActivation, WhatIsNotFiniteIsNotFolded) {
    for (const char* name : {"0.weight", "1.running_mean", "1.running_var"}) {
        const auto block = lived_in({.in_channels = 3, .out_channels = 4});
        Tensor tensor = block->state().at(name);
        tensor.data<float>()[1] = std::nanf("");
        expect_error([&] { block->prepare_inference(); }, {"0: ", "expected finite", "nan"});
        EXPECT_TRUE(block->prepared().empty()) << name;
    }
}

}  // namespace
}  // namespace unmask
