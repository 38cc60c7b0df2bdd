// SPDX-License-Identifier: Apache-2.0
// Batch norm over the batches of several ranks, on the emulated GPU: every rank of the stand-in holds the
// same part, so that the result must be that of the part repeated.
#include <gtest/gtest.h>

#include "engine/communicator.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/layout.h"
#include "engine/philox.h"
#include "tests/simt/machine.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr int copies = 3;

struct SameOnAllRanks final : Communicator {
    int gathers = 0;
    [[nodiscard]] int rank() const override { return 1; }
    [[nodiscard]] int size() const override { return copies; }
    [[nodiscard]] Device device() const override { return gpu; }
    void all_gather(const Tensor& own, Tensor& all) override {
        ++gathers;
        for (int64_t i = 0; i < copies; ++i) all.rows(i * own.dim(0), (i + 1) * own.dim(0)).copy_from(own);
    }
    void all_reduce(Tensor&) override { FAIL(); }
    void broadcast(Tensor&, int) override { FAIL(); }
    void begin_all_reduce(Tensor) override { FAIL(); }
    void finish_all_reduces() override { FAIL(); }
};

Tensor random_tensor(const Shape& shape, const char* name) {
    Tensor values = Tensor::empty(shape);
    PhiloxSequence random(5, name);
    for (int64_t i = 0; i < values.numel(); ++i) values.data<float>()[i] = float(random.uniform(-2, 2));
    return values;
}

struct Result {
    Tensor y, grad_x, grad_weight, grad_bias, running_mean, running_variance;
};

Result run(const Tensor& x, const Tensor& gradient, Device device, Communicator* ranks) {
    const int64_t channels = x.dim(-1);
    Result result;
    const Variable in(x.to(device), true), weight(random_tensor({channels}, "weight").to(device), true),
        bias(random_tensor({channels}, "bias").to(device), true);
    result.running_mean = Tensor::zeros({channels}, DType::f32, device);
    result.running_variance = Tensor::full({channels}, 1.0, DType::f32, device);
    BatchNormParams params{.activation = Activation::relu};
    params.communicator = ranks;
    const Variable y = batch_norm(in, weight, bias, result.running_mean, result.running_variance, params);
    y.backward(gradient.to(device));
    result.y = y.value();
    result.grad_x = in.gradient();
    result.grad_weight = weight.gradient();
    result.grad_bias = bias.gradient();
    return result;
}

Tensor repeated(const Tensor& part) {
    return concat(std::vector<Variable>(copies, Variable(part)), 0).value();
}

void expect_near(const Tensor& found, const Tensor& expected, const char* what) {
    EXPECT_LT(difference(found, expected).relative, 2e-6) << what;
}

// Few rows, where one rank alone has a kernel of its own, and many; channels in packs and not.
class BatchNormRanks : public testing::TestWithParam<Shape> {
  protected:
    ~BatchNormRanks() override { simt::set_order(simt::Order::forward); }
};

TEST_P(BatchNormRanks, AreTheWholeBatchs) {
    const Tensor part = random_tensor(GetParam(), "x"), gradient = random_tensor(GetParam(), "gradient");
    SameOnAllRanks ranks;
    const Result found = run(part, gradient, gpu, &ranks);
    const Result whole = run(repeated(part), repeated(gradient), cpu_device, nullptr);
    EXPECT_EQ(ranks.gathers, 2);
    const int64_t rows = part.dim(0);
    expect_near(found.y, whole.y.rows(0, rows), "y");
    expect_near(found.grad_x, whole.grad_x.rows(0, rows), "gradient of x");
    expect_near(found.running_mean, whole.running_mean, "running mean");
    expect_near(found.running_variance, whole.running_variance, "running variance");
    // A rank's own part of the sums.
    for (int64_t c = 0; c < part.dim(-1); ++c) {
        const auto at = [c](const Tensor& tensor) { return tensor.to_doubles()[size_t(c)]; };
        EXPECT_NEAR(copies * at(found.grad_weight), at(whole.grad_weight), 1e-3);
        EXPECT_NEAR(copies * at(found.grad_bias), at(whole.grad_bias), 1e-3);
    }
}

TEST_P(BatchNormRanks, SameBytesInAnyOrderOfThreads) {
    const Tensor part = random_tensor(GetParam(), "x"), gradient = random_tensor(GetParam(), "gradient");
    SameOnAllRanks ranks;
    const Result forward = run(part, gradient, gpu, &ranks);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        simt::set_order(order);
        const Result other = run(part, gradient, gpu, &ranks);
        for (const auto member : {&Result::y, &Result::grad_x, &Result::grad_weight, &Result::grad_bias,
                                  &Result::running_mean, &Result::running_variance})
            EXPECT_TRUE(same_bytes(other.*member, forward.*member));
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormRanks,
                         testing::Values(Shape{6, 16}, Shape{4, 9, 9, 8}, Shape{3, 20, 20, 5},
                                         Shape{8, 24, 24, 16}));

}  // namespace
}  // namespace unmask
