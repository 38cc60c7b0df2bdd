// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/kernel_work.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/error.h"
#include "engine/kernel.h"
#include "engine/ops/accumulate.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/compact_conv2d.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/information_objective.h"
#include "engine/ops/layout.h"
#include "engine/ops/matmul.h"
#include "engine/optimizer.h"

namespace unmask {
namespace {

// The work of each kernel that is called while it lives, of several calls the last.
class Works final : public KernelObserver {
  public:
    void called(const KernelCall& call) override {
        if (depth_++ == 0) works[call.name()] = work_of(call);
    }
    void ended(const KernelCall&) override { --depth_; }
    std::map<std::string, KernelWork> works;

  private:
    int depth_ = 0;
};

TEST(KernelWork, OfAConvolutionAndItsGradients) {
    // 2 × 4 × 5 results in 3 channels, each of 3 × 3 × 6 multiply-adds.
    const double flops = 2.0 * (2 * 4 * 5 * 3) * (3 * 3 * 6);
    const double x = 4 * 2 * 8 * 10 * 6, weight = 4 * 3 * 3 * 3 * 6, y = 4 * 2 * 4 * 5 * 3;
    Works seen;
    const Variable in(Tensor::zeros({2, 8, 10, 6}), true), filters(Tensor::zeros({3, 3, 3, 6}), true);
    const auto go = [&] {
        conv2d(in, filters, {}, {.stride = {2, 2}, .padding = {1, 1}}).backward(Tensor::zeros({2, 4, 5, 3}));
    };
    go();
    for (const char* kernel : {"conv2d_forward", "conv2d_backward_data", "conv2d_backward_weight"}) {
        EXPECT_EQ(seen.works.at(kernel).flops, flops) << kernel;
        EXPECT_EQ(seen.works.at(kernel).bytes, x + weight + y) << kernel;
    }
    seen.works.clear();
    go();  // what is added to is read too
    EXPECT_EQ(seen.works.at("conv2d_backward_data").bytes, 2 * x + weight + y);
}

TEST(KernelWork, IsAddedUpOverCalls) {
    const WorkCounter counter;
    static_cast<void>(matmul(Tensor::zeros({2, 7}), Tensor::zeros({7, 3})));
    static_cast<void>(matmul(Tensor::zeros({1, 7}), Tensor::zeros({7, 3})));
    EXPECT_EQ(counter.work().flops, 2.0 * 3 * 7 * 3);
    EXPECT_EQ(counter.work().bytes, 4.0 * (3 * 7 + 2 * 7 * 3 + 3 * 3));
}

// Of a text that an error carries.
TEST(KernelWork, TextsHaveTheShapesOfTheCall) {
    struct Texts final : KernelObserver {
        void called(const KernelCall& call) override { text = text_of(call); }
        std::string text;
    };
    const auto text_of_gradients = [](int count) {
        Texts seen;
        const Tensor sum = Tensor::zeros({2});
        accumulate_gradients(sum, std::vector<Accumulation>(size_t(count), {Tensor::zeros({2}), sum}));
        return seen.text;
    };
    EXPECT_EQ(text_of_gradients(1), "accumulate_gradients(f32 [2], f32 [2])");
    EXPECT_NE(text_of_gradients(9).find("f32 [2], and 6 more)"), std::string::npos) << text_of_gradients(9);

    static constinit Kernel<void(const Tensor& x)> other{"other"};
    other.fill(Backend::portable, [](const Tensor&) {});
    Texts seen;
    other(Tensor::zeros({1}));
    EXPECT_EQ(seen.text, "other");
}

TEST(KernelWork, OfADepthwiseConvolutionCountsOneChannelForEach) {
    Works seen;
    static_cast<void>(conv2d(Tensor::zeros({1, 4, 4, 8}), Tensor::zeros({8, 3, 3, 1}), {},
                             {.padding = {1, 1}, .groups = 8}));
    EXPECT_EQ(seen.works.at("conv2d_forward").flops, 2.0 * 4 * 4 * 8 * 9);
}

TEST(KernelWork, OfCompactWeightsCountsWhatTheyTake) {
    const CompactWeight weight = compact_weight(Tensor::full({8, 1, 1, 4}, 0.5), WeightFormat::int8);
    Works seen;
    static_cast<void>(compact_conv2d(Tensor::zeros({1, 2, 2, 4}), weight, {}, {}, {}, Activation::none));
    EXPECT_EQ(seen.works.at("compact_conv2d_forward").flops, 2.0 * 2 * 2 * 8 * 4);
    EXPECT_EQ(seen.works.at("compact_conv2d_forward").bytes, 4 * 16 + 8 * 4 + 4 * 8 + 4 * 2 * 2 * 8);
}

TEST(KernelWork, OfAProductWhicheverWayItsOperandsLie) {
    for (const bool transposed : {false, true}) {
        const Shape a = transposed ? Shape{7, 2} : Shape{2, 7};
        Works seen;
        static_cast<void>(matmul(Tensor::zeros(a), Tensor::zeros({7, 3}), {.transpose_a = transposed}));
        EXPECT_EQ(seen.works.at("matmul_forward").flops, 2.0 * 2 * 7 * 3);
        EXPECT_EQ(seen.works.at("matmul_forward").bytes, 4.0 * (2 * 7 + 7 * 3 + 2 * 3));
    }
}

TEST(KernelWork, OfANormCountsEveryBranchOnce) {
    const Variable x(Tensor::zeros({4, 16}));
    const auto norm = [] {
        return BatchNormOperands{Tensor::zeros({16}), Tensor::zeros({16}), Tensor::zeros({16}),
                                 Tensor::full({16}, 1)};
    };
    Works seen;
    static_cast<void>(batch_norm({x, x}, {norm(), norm()}, {.training = false}, {}));
    const double branch = 4 * (2 * 4 * 16 + 6 * 16);  // x, y and six vectors of channels
    EXPECT_EQ(seen.works.at("batch_norm_forward").bytes, 2 * branch);
    EXPECT_EQ(seen.works.at("batch_norm_forward").flops, 0);
}

TEST(KernelWork, OfACopyIsWhatItMoves) {
    Works seen;
    static_cast<void>(slice(Tensor::zeros({10, 100}), 1, 0, 5));
    EXPECT_EQ(seen.works.at("copy_pitched").bytes, 2.0 * 4 * 10 * 5);
}

TEST(KernelWork, OfAnUpdateCountsWhatChangesInPlaceTwice) {
    Variable w(Tensor::zeros({32}), true);
    FlatParameters parameters({{"w", w}});
    const auto adam = make_adam(parameters);
    adam->set_clear_gradients(true);
    Works seen;
    adam->step();
    // Value, gradient and two moments read and written, two factors in float64.
    EXPECT_EQ(seen.works.at("adam_step").bytes, 2 * 4 * 4 * 32 + 2 * 8);
}

TEST(KernelWork, OfAnUnknownSlotIsRefused) {
    Works seen;
    Kernel<void(const Tensor&)> kernel("nobody_knows");
    kernel.fill(Backend::portable, [](const Tensor&) {});
    try {
        kernel(Tensor::zeros({1}));
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("nobody_knows"), std::string::npos) << error.what();
    }
}

TEST(KernelWork, OfTheObjectiveCountsEveryTensorOnce) {
    Works seen;
    const auto logits = [] { return Variable(Tensor::zeros({4, 2})); };
    (void)information_objective({logits(), logits()}, {.labels = Tensor::zeros({4}, DType::i64)}, {});
    EXPECT_EQ(seen.works.at("information_objective_forward").bytes, 2 * 4 * 2 * 4 + 4 * 8 + 4 * 4);
}

TEST(KernelWork, OfDropoutCountsTheStepOnTheDevice) {
    Works seen;
    (void)dropout(Tensor::zeros({4}), {.probability = 0.5, .device_step = Tensor::zeros({1}, DType::i64)});
    EXPECT_EQ(seen.works.at("dropout_forward").bytes, 4 * 4 + 4 * 4 + 8);
}

}  // namespace
}  // namespace unmask
