// SPDX-License-Identifier: Apache-2.0
// Batch norm that pools, on the emulated GPU.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/simt/machine.h"
#include "tests/support/compare.h"
#include "tests/support/pooled_norm.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

TEST(PooledNormKernels, Float32PoolsWhatTheNormWouldHaveWritten) {
    for (const PooledNorm& norm : pooled_norms()) {
        SCOPED_TRACE(norm.x.str());
        const std::vector<Tensor> found = norm.run(true, DType::f32, gpu),
                                  expected = norm.run(false, DType::f32, gpu);
        ASSERT_EQ(found.size(), expected.size());
        EXPECT_TRUE(same_bytes(found[0], expected[0]));
        for (size_t i = 1; i < found.size(); ++i)
            EXPECT_LE(difference(found[i], expected[i]).relative, 1e-6) << i;
    }
}

// What is pooled are the values before they are rounded: gradients are those of float32.
TEST(PooledNormKernels, Bf16PoolsWhatTheNormWouldHaveWritten) {
    for (const PooledNorm& norm : pooled_norms()) {
        SCOPED_TRACE(norm.x.str());
        const std::vector<Tensor> found = norm.run(true, DType::bf16, gpu),
                                  expected = norm.run(true, DType::f32);
        ASSERT_EQ(found.size(), expected.size());
        EXPECT_TRUE(same_bytes(found[0], norm.run(false, DType::bf16, gpu)[0]));
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_LE(difference(found[i], expected[i]).relative, i < 2 ? 3e-3 : 2e-4) << i;
    }
}

TEST(PooledNormKernels, SameBytesInAnyOrderOfThreads) {
    const PooledNorm norm{.x = {2, 42, 30, 16}, .bias = -1.0};
    for (const DType dtype : {DType::f32, DType::bf16}) {
        const std::vector<Tensor> expected = norm.run(true, dtype, gpu);
        for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
            simt::set_order(order);
            const std::vector<Tensor> found = norm.run(true, dtype, gpu);
            for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(same_bytes(found[i], expected[i])) << i;
        }
        simt::set_order(simt::Order::forward);
    }
}

// In inference, where it does not spoil its channel; maps of even sizes in bf16 have a kernel of their own.
TEST(PooledNormKernels, NotANumberIsTheMaximumAsOnTheCpu) {
    // The result, and the gradient of x or of the bias.
    const auto run = [&](const Shape& shape, bool of_bias, Device device, DType dtype) {
        std::vector<float> values(static_cast<size_t>(shape.numel()));
        for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7 % 11) - 5.0f;
        values[0] = values[150] = values[235] = std::numeric_limits<float>::quiet_NaN();
        const Tensor ones = Tensor::full({8}, 1.0, DType::f32, device);
        const Variable bias(ones, of_bias);
        BatchNormParams params{.training = false, .activation = Activation::relu};
        params.pool = Pool2dParams{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
        const Variable x(Tensor::from(shape, values).to(dtype).to(device), !of_bias);
        const Variable y = batch_norm(x, {{ones, bias, ones.clone(), ones.clone()}}, params);
        y.backward(projection(y.shape(), DType::bf16).to(dtype).to(device));
        return std::vector{y.value(), of_bias ? bias.gradient() : x.gradient()};
    };
    for (const Shape& shape : {Shape{1, 6, 7, 8}, Shape{1, 6, 8, 8}})
        for (const DType dtype : {DType::f32, DType::bf16})
            for (const bool of_bias : {false, true}) {
                const std::vector<Tensor> found = run(shape, of_bias, gpu, dtype),
                                          expected = run(shape, of_bias, cpu_device, DType::f32);
                for (size_t i = 0; i < found.size(); ++i)
                    EXPECT_LE(difference(found[i], expected[i]).relative, dtype == DType::f32 ? 1e-6 : 5e-3)
                        << shape.str() << " " << name_of(dtype) << " " << i << of_bias;
                EXPECT_TRUE(std::isnan(found[0].to_floats()[0]));
            }
}

}  // namespace
}  // namespace unmask
