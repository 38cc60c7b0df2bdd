// SPDX-License-Identifier: Apache-2.0
// Convolution as an implicit matrix product by tensor cores: y [pixels, outputs] = patches of x [pixels,
// depth] times filters [outputs, depth], never made in memory. A block's tile of y is summed over a slice of
// the depth, in steps whose operands are copied to shared memory while those before are multiplied.
#pragma once

#include <algorithm>

#include "cuda/tensor_cores.cuh"
#include "engine/ops/conv2d.h"

namespace unmask::implicit_gemm {

constexpr int tile_pixels = 64, tile_outputs = 64, tile_depth = 32, threads = 128;
constexpr int stages = 4;      // steps of the depth in shared memory
constexpr int pack = 8;        // elements of a copy
constexpr int warp_tile = 32;  // of each of the four warps: 2 x 2 tiles of the tensor cores
// Rows start on other banks than their neighbours.
constexpr int pitch = tile_depth + 8, sum_pitch = tile_outputs + 4;

struct Stage {
    TileMemory<tile_pixels * pitch> patches;
    TileMemory<tile_outputs * pitch> filters;
};
static_assert(sizeof(Stage) * stages >= sizeof(float) * tile_pixels * sum_pitch);

struct Problem {
    int height, width, channels;  // of x
    int out_height, out_width, pixels, outputs;
    int kernel_width, depth;  // of a filter: [kernel_height, kernel_width, channels]
    int stride[2], padding[2], dilation[2];
    int steps, slices, slice_steps;  // of tile_depth: in all; slices; of each slice but the last

    Problem(const Tensor& x, const Tensor& weight, const Tensor& y, const Conv2dParams& params, int count)
        : height(static_cast<int>(x.dim(1))),
          width(static_cast<int>(x.dim(2))),
          channels(static_cast<int>(x.dim(3))),
          out_height(static_cast<int>(y.dim(1))),
          out_width(static_cast<int>(y.dim(2))),
          pixels(static_cast<int>(y.dim(0) * y.dim(1) * y.dim(2))),
          outputs(static_cast<int>(y.dim(3))),
          kernel_width(static_cast<int>(weight.dim(2))),
          depth(static_cast<int>(weight.numel() / weight.dim(0))) {
        for (int axis = 0; axis < 2; ++axis) {
            stride[axis] = params.stride[axis];
            padding[axis] = params.padding_before[axis];
            dilation[axis] = params.dilation[axis];
        }
        steps = (depth + tile_depth - 1) / tile_depth;
        slice_steps = (steps + count - 1) / count;
        slices = (steps + slice_steps - 1) / slice_steps;
    }
    [[nodiscard]] int tiles_of_pixels() const { return (pixels + tile_pixels - 1) / tile_pixels; }
    [[nodiscard]] int tiles_of_outputs() const { return (outputs + tile_outputs - 1) / tile_outputs; }
    [[nodiscard]] int tiles() const { return tiles_of_pixels() * tiles_of_outputs(); }
};

// What one thread copies of each step: the same pack of elements of a few pixels' patches and of a few
// filters.
class Loader {
  public:
    __device__ Loader(const Problem& problem, const BFloat16* x, const BFloat16* weight, int step)
        : problem_(problem), x_(x), weight_(weight), k_(step * tile_depth + column() * pack) {
        const int tap = k_ / problem.channels;
        channel_ = k_ - tap * problem.channels;
        tap_row_ = tap / problem.kernel_width;
        tap_column_ = tap - tap_row_ * problem.kernel_width;
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int pixel = static_cast<int>(blockIdx.x) * tile_pixels + row(i);
            const int line = pixel / problem.out_width, image = line / problem.out_height;
            rows_[i] = (line - image * problem.out_height) * problem.stride[0] - problem.padding[0];
            columns_[i] = (pixel - line * problem.out_width) * problem.stride[1] - problem.padding[1];
            // Beyond the last pixel no row is within the image.
            if (pixel >= problem.pixels) rows_[i] = -(1 << 30);
            lines_[i] = image * problem.height;
        }
    }

    // Starts copying this step's elements, zeros beyond the border, and goes on to the next step.
    __device__ void copy(Stage& stage) {
        const int down = tap_row_ * problem_.dilation[0], right = tap_column_ * problem_.dilation[1];
        const bool within_depth = k_ < problem_.depth;
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int y = rows_[i] + down, x = columns_[i] + right;
            const bool inside = within_depth && y >= 0 && y < problem_.height && x >= 0 && x < problem_.width;
            const int place =
                inside ? ((lines_[i] + y) * problem_.width + x) * problem_.channels + channel_ : 0;
            copy_async(stage.patches.values + row(i) * pitch + column() * pack, x_ + place, inside);
        }
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int output = static_cast<int>(blockIdx.y) * tile_outputs + row(i);
            const bool inside = within_depth && output < problem_.outputs;
            copy_async(stage.filters.values + row(i) * pitch + column() * pack,
                       weight_ + (inside ? output * problem_.depth + k_ : 0), inside);
        }
        k_ += tile_depth;
        for (channel_ += tile_depth; channel_ >= problem_.channels; channel_ -= problem_.channels)
            if (++tap_column_ == problem_.kernel_width) {
                tap_column_ = 0;
                ++tap_row_;
            }
    }

  private:
    static constexpr int columns = tile_depth / pack, rows_a_pass = threads / columns,
                         rows = tile_pixels / rows_a_pass;
    static_assert(tile_pixels == tile_outputs);
    static __device__ int column() {
        return static_cast<int>(threadIdx.x) % columns;
    }
    static __device__ int row(int i) {
        return static_cast<int>(threadIdx.x) / columns + i * rows_a_pass;
    }

    const Problem& problem_;
    const BFloat16 *x_, *weight_;
    int k_, channel_, tap_row_, tap_column_;
    // Of each pixel: where its patch begins, and its image's first line.
    int rows_[rows], columns_[rows], lines_[rows];
};

// The four tiles of a warp.
class WarpSums {
  public:
    __device__ WarpSums() {
#pragma unroll
        for (int i = 0; i < 2; ++i)
#pragma unroll
            for (int j = 0; j < 2; ++j) clear_tile(sums_[i][j]);
    }
    __device__ void multiply(const Stage& stage) {
#pragma unroll
        for (int k = 0; k < tile_depth; k += tensor_tile) {
            TileA a[2];
            TileB b[2];
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                load_tile(a[i], stage.patches.values + (row() + i * tensor_tile) * pitch + k, pitch);
                load_tile(b[i], stage.filters.values + (column() + i * tensor_tile) * pitch + k, pitch);
            }
#pragma unroll
            for (int i = 0; i < 2; ++i)
#pragma unroll
                for (int j = 0; j < 2; ++j) multiply_tiles(sums_[i][j], a[i], b[j]);
        }
    }
    __device__ void store(float* sums) const {
#pragma unroll
        for (int i = 0; i < 2; ++i)
#pragma unroll
            for (int j = 0; j < 2; ++j)
                store_tile(sums + (row() + i * tensor_tile) * sum_pitch + column() + j * tensor_tile,
                           sums_[i][j], sum_pitch);
    }

  private:
    static __device__ int warp() {
        return static_cast<int>(threadIdx.x) / 32;
    }
    static __device__ int row() {
        return warp() / 2 * warp_tile;
    }
    static __device__ int column() {
        return warp() % 2 * warp_tile;
    }
    TileSums sums_[2][2];
};

}  // namespace unmask::implicit_gemm
