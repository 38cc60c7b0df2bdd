// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Tensor, HoldsShapeTypeAndValues) {
    const Tensor t = Tensor::from<float>({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    EXPECT_EQ(t.shape(), (Shape{2, 3}));
    EXPECT_EQ(t.numel(), 6);
    EXPECT_EQ(t.bytes(), 24u);
    EXPECT_EQ(t.dim(-1), 3);
    EXPECT_EQ(t.to_floats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(Tensor, ViewsShareMemory) {
    const Tensor t = Tensor::zeros({4, 2});
    t.rows(1, 3).reshape({4}).data<float>()[3] = 7.f;
    EXPECT_EQ(t.to_floats(), (std::vector<float>{0, 0, 0, 0, 0, 7, 0, 0}));
    const Tensor copy = t.clone();
    copy.data<float>()[0] = 1.f;
    EXPECT_EQ(t.data<float>()[0], 0.f);
}

TEST(Tensor, RefusesWhatDoesNotFit) {
    const Tensor t = Tensor::zeros({2, 3});
    expect_error([&] { (void)t.reshape({4}); }, {"reshape", "6", "4"});
    expect_error([&] { (void)t.rows(1, 3); }, {"rows", "[2, 3]", "[1, 3)"});
    expect_error([&] { (void)t.item(); }, {"item", "[2, 3]"});
    expect_error([&] { (void)Tensor::from<float>({2}, std::vector<float>{1}); }, {"2 values", "found 1"});
    expect_error([&] { (void)Tensor::view(t.buffer(), 16, {3}, DType::f32); },
                 {"24 bytes", "12", "offset 16"});
    expect_error([&] { Tensor(t).copy_from(Tensor::zeros({3, 2})); }, {"copy", "[2, 3]", "[3, 2]"});
    expect_error([&] { (void)Shape({1, 2, 3, 4, 5, 6, 7}); }, {"6 dimensions", "7"});
    expect_error([&] { (void)Shape({2, -1}); }, {"at least 0", "-1"});
}

TEST(Tensor, EmptyTensorsAreValid) {
    const Tensor t = Tensor::zeros({0, 5});
    EXPECT_TRUE(t.defined());
    EXPECT_EQ(t.numel(), 0);
    EXPECT_TRUE(t.clone().to_floats().empty());
    EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, ConvertsBetweenEveryPairOfTypes) {
    const std::vector<DType> types{DType::f32, DType::f64, DType::bf16, DType::f16,
                                   DType::u8,  DType::i32, DType::i64};
    const std::vector<double> values{0, 1, 2, 100, 255};
    for (const DType from : types)
        for (const DType to : types) {
            const Tensor source = Tensor::from<double>({5}, values).to(from);
            EXPECT_EQ(source.to(to).to_doubles(), values) << name_of(from) << " to " << name_of(to);
        }
}

TEST(DType, Bf16RoundsToNearestEven) {
    EXPECT_EQ(BFloat16(1.0f + 0x1p-9f).bits, BFloat16(1.0f).bits);  // below half
    EXPECT_EQ(static_cast<float>(BFloat16(1.0f + 0x1p-8f)), 1.0f);  // a tie goes to the even neighbour
    EXPECT_EQ(static_cast<float>(BFloat16(1.0f + 3 * 0x1p-8f)), 1.0f + 0x1p-6f);  // and up when that is even
    EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::numeric_limits<float>::quiet_NaN()))));
    EXPECT_TRUE(std::isinf(static_cast<float>(BFloat16(std::numeric_limits<float>::max()))));
}

TEST(DType, F16RoundsToNearestEven) {
    EXPECT_EQ(static_cast<float>(Float16(1.0f + 0x1p-11f)), 1.0f);
    EXPECT_EQ(static_cast<float>(Float16(65504.0f)), 65504.0f);
    EXPECT_TRUE(std::isinf(static_cast<float>(Float16(70000.0f))));
    EXPECT_EQ(Float16(0x1p-25f).bits, 0);               // a tie goes to the even neighbour, 0
    EXPECT_EQ(Float16(-1.5f * 0x1p-24f).bits, 0x8002);  // of numbers below 2^-14 too
    EXPECT_TRUE(std::isnan(static_cast<float>(Float16(std::numeric_limits<float>::quiet_NaN()))));
}

#ifdef __FLT16_MAX__
TEST(DType, F16IsTheCompilersType) {
    for (uint64_t bits = 0; bits <= 0xFFFFFFFFu; bits += 4099) {
        const auto number = std::bit_cast<float>(static_cast<uint32_t>(bits));
        ASSERT_EQ(Float16(number).bits, std::bit_cast<uint16_t>(static_cast<_Float16>(number))) << number;
    }
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        Float16 half;
        half.bits = static_cast<uint16_t>(bits);
        const auto expected = static_cast<float>(std::bit_cast<_Float16>(half.bits));
        if (!std::isnan(expected)) {
            ASSERT_EQ(static_cast<float>(half), expected) << bits;
        }
    }
}
#endif

TEST(Broadcast, FollowsNumPy) {
    EXPECT_EQ(broadcast_shape("add", {2, 1, 4}, {3, 1}), (Shape{2, 3, 4}));
    EXPECT_EQ(broadcast_shape("add", {}, {5}), (Shape{5}));
    expect_error([] { (void)broadcast_shape("add", {2, 3}, {4}); }, {"add", "[2, 3]", "[4]"});
}

TEST(Device, NamesRoundTrip) {
    EXPECT_EQ(parse_device("cpu"), cpu_device);
    EXPECT_EQ(name_of(parse_device("cuda:3")), "cuda:3");
    EXPECT_EQ(name_of(parse_device("cuda:0")), "cuda");
    for (const char* wrong : {"gpu", "cuda:", "cuda:x", "cuda:1x", "cuda:-1", ""})
        expect_error([&] { (void)parse_device(wrong); }, {"cpu, cuda or cuda:N", wrong});
}

// The build has no backend, or the machine no driver, or no GPU of that number.
TEST(Device, SaysWhyItIsNotThere) {
    const auto use = [] { (void)Tensor::zeros({1}, DType::f32, {DeviceType::cuda, 63}); };
    if (has_backend(DeviceType::cuda))
        expect_error(use, {"cuda:63", "expected ", "found "});
    else
        expect_error(use, {"cuda:63", "no CUDA backend", "CUDA toolkit"});
}

}  // namespace
}  // namespace unmask
