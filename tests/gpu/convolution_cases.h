// SPDX-License-Identifier: Apache-2.0
// The convolutions that are checked on a GPU: those of the networks, and what they are checked by.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "engine/ops/conv2d.h"
#include "engine/variable.h"

namespace unmask {

struct Geometry {
    int64_t size, in, out;
    int kernel, stride;
    [[nodiscard]] std::string name() const;
};

// Those of resnet34 at 224 pixels, two of mobilenet_v1 and two of efficientnet_b0.
inline constexpr Geometry geometries[] = {
    {56, 64, 64, 3, 1},   {56, 64, 128, 3, 2},  {56, 64, 128, 1, 2},  {28, 128, 128, 3, 1},
    {28, 128, 256, 3, 2}, {28, 128, 256, 1, 2}, {14, 256, 256, 3, 1}, {14, 256, 512, 3, 2},
    {14, 256, 512, 1, 2}, {7, 512, 512, 3, 1},  {224, 4, 64, 7, 2},   {112, 32, 64, 1, 1},
    {14, 512, 512, 1, 1}, {56, 144, 24, 1, 1},  {14, 112, 672, 1, 1},
};
// The stem with as many channels as its images have in that dtype.
[[nodiscard]] Geometry as_held_in(DType dtype, Geometry geometry);

enum class ConvolutionPart : uint8_t { forward, data, added_data, weight, relu, residual, silu };
[[nodiscard]] const char* name_of(ConvolutionPart part);
[[nodiscard]] bool is_forward(ConvolutionPart part);

class ConvolutionCase {
  public:
    ConvolutionCase(const Geometry& geometry, int64_t images, DType dtype, Device device);

    [[nodiscard]] Tensor compute(ConvolutionPart part) const;
    // The same with something in conv2d_forward's place.
    using Forward = std::function<void(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                       const Tensor& residual, Tensor& y, const Conv2dParams& params)>;
    [[nodiscard]] Tensor compute(ConvolutionPart part, const Forward& forward) const;
    // With memory of its own.
    [[nodiscard]] ConvolutionCase clone() const;
    // Of x and the weight.
    [[nodiscard]] int64_t read_bytes() const;
    // What is fused, one after the other.
    [[nodiscard]] Variable expected(ConvolutionPart part) const;

  private:
    Conv2dParams params_;
    Tensor x_, weight_, y_, bias_;
};

// ‖found - expected‖ / ‖expected‖, reckoned where they are.
[[nodiscard]] double relative_distance(const Tensor& found, const Variable& expected);

}  // namespace unmask
