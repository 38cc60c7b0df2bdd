// SPDX-License-Identifier: Apache-2.0
// The older API's descriptors say what our parameters say, as cuDNN reads them. What they compute, the
// algorithms and their workspaces need a GPU.
#include <gtest/gtest.h>

#include <array>

#include "cuda/cudnn/legacy_descriptors.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"

namespace unmask::cudnn {
namespace {

Convolution problem_of(const Shape& x, const Shape& weight, const Conv2dParams& params,
                       DType dtype = DType::f32) {
    return {.dtype = dtype, .x = x, .weight = weight, .y = conv2d_shape(x, weight, params), .params = params};
}

// Every number differs from its neighbours, so that none can stand in another's place.
const Conv2dParams uneven{
    .stride = {2, 3}, .padding_before = {3, 1}, .padding_after = {3, 1}, .dilation = {1, 2}, .groups = 2};
const Shape images{5, 23, 29, 6}, weights{8, 4, 7, 3};

TEST(CudnnLegacy, TheParametersAreTheDescriptors) {
    const Convolution problem = problem_of(images, weights, uneven);
    const LegacyDescriptors d(problem);
    std::array<int, 6> found{};
    cudnnConvolutionMode_t mode{};
    cudnnDataType_t type{};
    UNMASK_CUDNN(cudnnGetConvolution2dDescriptor(d.convolution.get(), &found[0], &found[1], &found[2],
                                                 &found[3], &found[4], &found[5], &mode, &type));
    EXPECT_EQ(found, (std::array{3, 1, 2, 3, 1, 2}));  // padding, stride, dilation
    EXPECT_EQ(mode, CUDNN_CROSS_CORRELATION);
    EXPECT_EQ(type, CUDNN_DATA_FLOAT);
    int groups = 0;
    UNMASK_CUDNN(cudnnGetConvolutionGroupCount(d.convolution.get(), &groups));
    EXPECT_EQ(groups, 2);
}

TEST(CudnnLegacy, TheTensorsAreOurs) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
        const LegacyDescriptors d(problem_of(images, weights, uneven, dtype));
        std::array<int, 8> x{};
        cudnnDataType_t type{};
        UNMASK_CUDNN(cudnnGetTensor4dDescriptor(d.x.get(), &type, &x[0], &x[1], &x[2], &x[3], &x[4], &x[5],
                                                &x[6], &x[7]));
        // Sizes and strides in cuDNN's order: n, c, h, w.
        EXPECT_EQ(x, (std::array{5, 6, 23, 29, 23 * 29 * 6, 1, 29 * 6, 6}));
        EXPECT_EQ(type, dtype == DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16);
        std::array<int, 4> weight{};
        cudnnTensorFormat_t format{};
        UNMASK_CUDNN(cudnnGetFilter4dDescriptor(d.weight.get(), &type, &format, &weight[0], &weight[1],
                                                &weight[2], &weight[3]));
        EXPECT_EQ(weight, (std::array{8, 3, 4, 7}));
        EXPECT_EQ(format, CUDNN_TENSOR_NHWC);
    }
}

TEST(CudnnLegacy, CudnnsOutputIsOurs) {
    for (const auto& [x, weight, params] : std::initializer_list<std::tuple<Shape, Shape, Conv2dParams>>{
             {images, weights, uneven},
             {{2, 224, 224, 4},
              {64, 7, 7, 4},
              {.stride = {2, 2}, .padding_before = {3, 3}, .padding_after = {3, 3}}},
             {{4, 14, 14, 16},
              {16, 3, 3, 16},
              {.padding_before = {2, 2}, .padding_after = {2, 2}, .dilation = {2, 2}}}}) {
        const Convolution problem = problem_of(x, weight, params);
        const LegacyDescriptors d(problem);
        std::array<int, 4> y{};
        UNMASK_CUDNN(cudnnGetConvolution2dForwardOutputDim(d.convolution.get(), d.x.get(), d.weight.get(),
                                                           &y[0], &y[1], &y[2], &y[3]));
        EXPECT_EQ((Shape{y[0], y[2], y[3], y[1]}), problem.y) << problem.str();
    }
}

TEST(CudnnLegacy, Float32IsNarrowedOnlyWhereTf32IsAllowed) {
    const auto math = [](bool tf32, DType dtype) {
        const ComputeModeScope scope({.tf32 = tf32});
        const LegacyDescriptors d(problem_of(images, weights, uneven, dtype));
        cudnnMathType_t found{};
        UNMASK_CUDNN(cudnnGetConvolutionMathType(d.convolution.get(), &found));
        return found;
    };
    EXPECT_EQ(math(false, DType::f32), CUDNN_FMA_MATH);
    EXPECT_EQ(math(true, DType::f32), CUDNN_DEFAULT_MATH);
    EXPECT_EQ(math(false, DType::bf16), CUDNN_DEFAULT_MATH);
}

TEST(CudnnLegacy, WhatItDoesNotKnowIsRefused) {
    Convolution problem = problem_of(images, weights, uneven);
    problem.params.padding_after = {2, 1};
    expect_error([&] { const LegacyDescriptors d(problem); },
                 {"conv2d_forward", "expected symmetric padding with UNMASK_CUDNN_LEGACY=1"});
    problem = problem_of(images, weights, uneven);
    problem.dtype = DType::f64;
    expect_error([&] { const LegacyDescriptors d(problem); }, {"expected f32 or bf16, found f64"});
    problem = problem_of(images, weights, uneven);
    problem.params.stride = {0, 1};
    expect_error([&] { const LegacyDescriptors d(problem); },
                 {"cuDNN: ", "cudnnSetConvolution2dDescriptor", "conv2d_forward", "[5, 23, 29, 6]"});
}

}  // namespace
}  // namespace unmask::cudnn
