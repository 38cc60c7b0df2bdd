// SPDX-License-Identifier: Apache-2.0
// Pictures that are uploaded ahead, on the emulated GPU, whose copies spoil the place at once and arrive when
// they are waited for.
#include <gtest/gtest.h>

#include <cstring>

#include "data/device_input.h"
#include "engine/context.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

Batch batch_of(uint8_t number, int64_t count = 3) {
    Batch batch;
    batch.pixels = Tensor::empty({count, 8, 8, 3}, DType::u8);
    for (int64_t i = 0; i < batch.pixels.numel(); ++i)
        batch.pixels.data<uint8_t>()[i] = uint8_t(number * 31 + i);
    batch.draws = Tensor::zeros({count, int64_t{sizeof(AugmentationDraw)}}, DType::u8);
    const AugmentationDraw draw{};
    for (int64_t i = 0; i < count; ++i)
        std::memcpy(batch.draws.data<uint8_t>() + i * int64_t{sizeof draw}, &draw, sizeof draw);
    return batch;
}

class Ahead : public testing::Test {
  protected:
    [[nodiscard]] Tensor expected(const Batch& batch, std::span<const size_t> partner = {},
                                  double lambda = 1) const {
        DeviceInput plain({.device = gpu, .channels = 4});
        return plain.images(batch, partner, lambda).to(cpu_device).clone();
    }
    void expect_taken(const Tensor& wanted) {
        input_.take();
        EXPECT_TRUE(same_bytes(input_.compute().to(cpu_device), wanted));
    }
    DeviceInput input_{{.device = gpu, .channels = 4}};
};

TEST_F(Ahead, TheBatchBeforeStaysUntilItIsTaken) {
    const Batch first = batch_of(1), second = batch_of(2);
    input_.upload(first);
    input_.upload_ahead(second);
    EXPECT_TRUE(same_bytes(input_.compute().to(cpu_device), expected(first)));
    expect_taken(expected(second));
    EXPECT_TRUE(same_bytes(input_.compute().to(cpu_device), expected(second)));
}

TEST_F(Ahead, ManyBatchesOfSeveralShapesAndMixtures) {
    // Batches of 3, 4, 5, 6, 3, … pictures; those of 3 are mixed.
    const auto batch_number = [](int i) { return batch_of(uint8_t(i), 3 + i % 4); };
    const auto partner = [](int i) {
        return i % 4 == 0 ? std::vector<size_t>{2, 0, 1} : std::vector<size_t>{};
    };
    const auto send = [&](int i) {
        Batch batch = batch_number(i);
        input_.upload_ahead(batch, partner(i), 0.25);
        std::memset(batch.pixels.raw(), 0, batch.pixels.bytes());  // the source may change at once
    };
    send(0);
    for (int i = 0; i < 12; ++i) {
        const Tensor wanted = expected(batch_number(i), partner(i), 0.25);
        input_.take();
        const Tensor& images = input_.compute();
        send(i + 1);
        EXPECT_TRUE(same_bytes(images.to(cpu_device), wanted)) << i;
    }
}

TEST_F(Ahead, AFreshBatchMayBeUploadedBetween) {
    input_.upload(batch_of(1));
    input_.upload_ahead(batch_of(2));
    input_.upload(batch_of(3));  // an epoch that begins anew
    EXPECT_TRUE(same_bytes(input_.compute().to(cpu_device), expected(batch_of(3))));
    input_.upload_ahead(batch_of(4));
    expect_taken(expected(batch_of(4)));
}

TEST_F(Ahead, RefusesWhatUploadRefuses) {
    expect_error([&] { input_.upload_ahead(Batch{}); }, {"raw batch"});
    expect_error([&] { input_.upload_ahead(batch_of(1), std::vector<size_t>{0, 1}); }, {"3 partners", "2"});
}

// The emulated GPU sees what a real one would show now and then.
TEST(Upload, MemoryThatMayBeReadIsNotWritten) {
    const std::unique_ptr<Upload> upload = context_of(gpu)->make_upload();
    Tensor place = Tensor::zeros({2}, DType::f32, gpu);
    const float values[] = {1, 2};
    expect_error([&] { upload->copy(place.raw(), values, sizeof values); }, {"not released"});
    upload->release();
    upload->copy(place.raw(), values, sizeof values);
    EXPECT_NE(place.to(cpu_device).to_doubles(), (std::vector<double>{0, 0}));  // spoilt
    upload->arrive();
    EXPECT_EQ(place.to(cpu_device).to_doubles(), (std::vector<double>{1, 2}));
    expect_error([&] { upload->copy(place.raw(), values, sizeof values); }, {"not released"});
}

TEST(Upload, OnTheCpuCopiesAreMadeInOrder) {
    const std::unique_ptr<Upload> upload = context_of(cpu_device)->make_upload();
    Tensor place = Tensor::zeros({2});
    const float values[] = {1, 2};
    upload->copy(place.raw(), values, sizeof values);
    upload->arrive();
    EXPECT_EQ(place.to_doubles(), (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace unmask
