// SPDX-License-Identifier: Apache-2.0
// Planted bugs in global memory that the emulated GPU must show.
#include <gtest/gtest.h>

#include <cmath>

#include "cuda/device.cuh"
#include "engine/tensor.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

template <class T>
__global__ void write_at_kernel(T* values, int place, T value) {
    values[place] = value;
}

template <class T>
void write_at(DType dtype, int place, T value) {
    const Tensor values = Tensor::empty({5}, dtype, gpu);
    UNMASK_LAUNCH(write_at_kernel<T>, 1, 1, 0, nullptr, static_cast<T*>(values.raw()), place, value);
}

TEST(SimtContextDeathTest, AWriteOutsideOfABufferEndsTheProgram) {
    write_at(DType::f32, 4, 1.0f);
    EXPECT_DEATH(write_at(DType::f32, 5, 1.0f), "a kernel wrote beyond the buffer");
    EXPECT_DEATH(write_at(DType::f32, -1, 1.0f), "a kernel wrote before the buffer");
    // All ones too, as a full pixel or the bits of the NaN that new memory is filled with.
    EXPECT_DEATH(write_at(DType::u8, 5, uint8_t{255}), "a kernel wrote beyond the buffer");
    EXPECT_DEATH(write_at(DType::i32, 5, int32_t{-1}), "a kernel wrote beyond the buffer");
}

template <class T>
__global__ void read_at_kernel(const T* values, int place, float* out) {
    *out = to_float(values[place]);
}

template <class T>
float read_at(DType dtype, int place) {
    const Tensor values = Tensor::full({5}, 2, dtype, gpu), out = Tensor::empty({}, DType::f32, gpu);
    UNMASK_LAUNCH(read_at_kernel<T>, 1, 1, 0, nullptr, static_cast<const T*>(values.raw()), place,
                  static_cast<float*>(out.raw()));
    return out.to_floats().front();
}

TEST(SimtContext, WhatIsReadOutsideOfABufferIsNotANumber) {
    EXPECT_EQ(read_at<float>(DType::f32, 4), 2.0f);
    EXPECT_EQ(read_at<BFloat16>(DType::bf16, 4), 2.0f);
    for (const int place : {-32, -1, 5, 6, 20}) {
        EXPECT_TRUE(std::isnan(read_at<float>(DType::f32, place))) << place;
        EXPECT_TRUE(std::isnan(read_at<BFloat16>(DType::bf16, place))) << place;
    }
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(SimtContextDeathTest, HostCodeThatTouchesABufferEndsTheProgram) {
    const Tensor values = Tensor::full({5}, 2, DType::f32, gpu);
    float read = 0.0f;
    EXPECT_DEATH(read += static_cast<volatile float*>(values.raw())[4],
                 "host code touches memory of the emulated GPU");
    EXPECT_DEATH(static_cast<volatile float*>(values.raw())[0] = 1.0f,
                 "host code touches memory of the emulated GPU");
    EXPECT_EQ(values.to_floats().at(4), 2.0f);
}
#endif

TEST(SimtContext, NewMemoryIsNotANumber) {
    for (const float value : Tensor::empty({7}, DType::f32, gpu).to_floats()) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace unmask
