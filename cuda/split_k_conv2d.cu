// SPDX-License-Identifier: Apache-2.0
// y [pixels, outputs] = patches of x [pixels, depth] times filters [outputs, depth], never made in memory. A
// block sums `tile_pixels` x `tile_outputs` of y over one slice of the depth, in steps of `tile_depth` whose
// operands are copied to shared memory while those before are multiplied. Where the depth has several slices
// each writes its sums, and the block that comes last adds them up, slice by slice.
#include "cuda/split_k_conv2d.h"

#include "cuda/arrival.cuh"
#include "cuda/epilogue.cuh"
#include "cuda/tensor_cores.cuh"

namespace unmask {
namespace {

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
            const int place = ((lines_[i] + y) * problem_.width + x) * problem_.channels + channel_;
            copy_later(stage.patches.values + row(i) * pitch + column() * pack, x_ + (inside ? place : 0),
                       inside);
        }
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int output = static_cast<int>(blockIdx.y) * tile_outputs + row(i);
            const bool inside = within_depth && output < problem_.outputs;
            copy_later(stage.filters.values + row(i) * pitch + column() * pack,
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

// Calls function(row, column) for each `width` columns of the tile that are within y.
template <int width, class Function>
__device__ void for_each_pack(const Problem& problem, Function function) {
    constexpr int packs = tile_outputs / width, rows_a_pass = threads / packs;
    const int column = static_cast<int>(threadIdx.x % packs) * width;
    if (static_cast<int>(blockIdx.y) * tile_outputs + column >= problem.outputs) return;
    const int left = problem.pixels - static_cast<int>(blockIdx.x) * tile_pixels;
    const int rows = left < tile_pixels ? left : tile_pixels;
#pragma unroll 2
    for (int row = static_cast<int>(threadIdx.x / packs); row < rows; row += rows_a_pass)
        function(row, column);
}

// Writes the block's sums where its slice's go. In the block that comes last of a tile's, true, and the sums
// are those of all slices then.
__device__ bool add_slices(const Problem& problem, float* sums, float* slices, unsigned* arrivals) {
    constexpr int64_t tile_size = tile_pixels * tile_outputs;
    constexpr int width = 4;
    const int64_t number = blockIdx.y * gridDim.x + blockIdx.x, tiles = gridDim.x * gridDim.y;
    float* own = slices + (blockIdx.z * tiles + number) * tile_size;
    for_each_pack<width>(problem, [=](int row, int column) {
        store_pack<width>(own + row * tile_outputs + column,
                          load_pack<width>(sums + row * sum_pitch + column));
    });
    const int count = problem.slices;
    if (!is_last_to_arrive(arrivals + number, static_cast<unsigned>(count))) return false;
    for_each_pack<width>(problem, [=](int row, int column) {
        const float* part = slices + number * tile_size + row * tile_outputs + column;
        Pack<float, width> result = load_pack<width>(part);
#pragma unroll 4
        for (int slice = 1; slice < count; ++slice) {
            const Pack<float, width> more = load_pack<width>(part + slice * tiles * tile_size);
#pragma unroll
            for (int i = 0; i < width; ++i) result[i] += more[i];
        }
        store_pack<width>(sums + row * sum_pitch + column, result);
    });
    __syncthreads();
    return true;
}

__global__ void __launch_bounds__(threads)
    split_k_conv2d_kernel(Problem problem, const BFloat16* x, const BFloat16* weight,
                          Epilogue<BFloat16> epilogue, BFloat16* y, float* slices, unsigned* arrivals) {
    UNMASK_SHARED(Stage, stage, stages);
    const int begin = static_cast<int>(blockIdx.z) * problem.slice_steps;
    const int end = std::min(begin + problem.slice_steps, problem.steps);
    Loader loader(problem, x, weight, begin);
    WarpSums warp_sums;
#pragma unroll
    for (int step = 0; step < stages - 1; ++step) {
        if (begin + step < end) loader.copy(stage[step]);
        end_batch_of_copies();
    }
    for (int step = begin; step < end; ++step) {
        wait_for_copies(stages - 2);
        __syncthreads();  // the step is there, and the one before is multiplied by all warps
        const int next = step + stages - 1;
        if (next < end) loader.copy(stage[(next - begin) % stages]);
        end_batch_of_copies();
        warp_sums.multiply(stage[(step - begin) % stages]);
    }
    __syncthreads();
    float* sums = reinterpret_cast<float*>(stage);
    warp_sums.store(sums);
    __syncthreads();

    if (problem.slices > 1 && !add_slices(problem, sums, slices, arrivals)) return;
    for_each_pack<pack>(problem, [=](int row, int column) {
        const float* from = sums + row * sum_pitch + column;
        const auto low = load_pack<4>(from), high = load_pack<4>(from + 4);
        const int output = static_cast<int>(blockIdx.y) * tile_outputs + column;
        const int64_t pixel = static_cast<int64_t>(blockIdx.x) * tile_pixels + row;
        const int64_t place = pixel * problem.outputs + output;
        const Pack<float, pack> both{low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]};
        store_pack<pack>(y + place, epilogue(both, output, place));
    });
}

}  // namespace

std::vector<int> split_k_conv2d_slices(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                       const Tensor& residual, const Tensor& y, const Conv2dParams& params) {
    constexpr int64_t most_elements = int64_t{1} << 30;
    if (x.dtype() != DType::bf16 || params.groups != 1 || y.numel() == 0 || weight.numel() == 0) return {};
    if (x.dim(3) % pack != 0 || y.dim(3) % pack != 0) return {};
    for (const Tensor* tensor : {&x, &weight, &bias, &residual, &y})
        if (tensor->defined() && !is_aligned(tensor->raw(), 16)) return {};
    if (x.numel() > most_elements || weight.numel() > most_elements || y.numel() > most_elements) return {};
    // A slice of fewer steps is over before the sums of one more are added, and more blocks than are there at
    // once gain nothing.
    constexpr int fewest_steps = 4, most_slices = 16;
    constexpr int64_t most_blocks = 2 * many_blocks;
    static_assert(most_blocks <= arrival_counter_count);
    const Problem whole(x, weight, y, params, 1);
    std::vector<int> result;
    for (int slices = 1; slices <= most_slices; slices *= 2)
        if ((slices == 1 || slices * fewest_steps <= whole.steps) && slices * whole.tiles() <= most_blocks)
            result.push_back(slices);
    return result;
}

void split_k_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                            Tensor& y, const Conv2dParams& params, int slices_wanted) {
    UNMASK_ASSERT(slices_wanted > 0);
    const Problem problem(x, weight, y, params, slices_wanted);
    const dim3 grid(static_cast<unsigned>(problem.tiles_of_pixels()),
                    static_cast<unsigned>(problem.tiles_of_outputs()), static_cast<unsigned>(problem.slices));
    Tensor slices;
    unsigned* arrivals = nullptr;
    if (problem.slices > 1) {
        slices = Tensor::empty({problem.slices, problem.tiles(), tile_pixels, tile_outputs}, DType::f32,
                               y.device());
        UNMASK_ASSERT(problem.tiles() <= arrival_counter_count);
        arrivals = arrival_counters(y);
    }
    UNMASK_LAUNCH(split_k_conv2d_kernel, grid, threads, 0, stream_of(y), problem, x.data<BFloat16>(),
                  weight.data<BFloat16>(), Epilogue<BFloat16>(bias, residual, params.activation),
                  y.data<BFloat16>(), slices.defined() ? slices.data<float>() : nullptr, arrivals);
}

}  // namespace unmask
