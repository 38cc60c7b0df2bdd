// SPDX-License-Identifier: Apache-2.0
// Levels of 8-bit integers, to and from float32: see engine/ops/quantize.h. To be included before map.cuh.
#pragma once

#include "cuda/device.cuh"

namespace unmask {

__device__ inline float to_float(uint8_t value) {
    return static_cast<float>(value);
}
__device__ inline float to_float(int8_t value) {
    return static_cast<float>(value);
}

// The nearest integer (of two the even one) in low … high; 0 for what is not a number.
__device__ inline int saturated(float value, float low, float high) {
    // Adding 1.5 · 2^23 rounds to an integer, as the sum has no bits for less.
    constexpr float rounder = 12582912.0f;
    const float number = value == value ? value : 0.0f;
    const float inside = number < low ? low : (number > high ? high : number);
    return static_cast<int>((inside + rounder) - rounder);
}
template <>
__device__ inline uint8_t from_float<uint8_t>(float value) {
    return static_cast<uint8_t>(saturated(value, 0.0f, 255.0f));
}
template <>
__device__ inline int8_t from_float<int8_t>(float value) {
    return static_cast<int8_t>(saturated(value, -128.0f, 127.0f));
}

// Calls function(T{}) with the storage type of the tensor, uint8_t or int8_t; Error for another dtype.
template <class Function>
void dispatch_levels(const char* kernel, const Tensor& tensor, Function&& function) {
    if (tensor.dtype() == DType::u8) return function(uint8_t{});
    if (tensor.dtype() == DType::i8) return function(int8_t{});
    fail("{}: expected u8 or i8 on a GPU, found {}", kernel, name_of(tensor.dtype()));
}

}  // namespace unmask
