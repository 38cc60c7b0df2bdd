// SPDX-License-Identifier: Apache-2.0
// A block for each tile of y and slice of the depth. Where there are several slices each writes its sums, and
// the block that comes last adds them up, slice by slice.
#include "cuda/split_k_conv2d.h"

#include <algorithm>

#include "cuda/arrival.cuh"
#include "cuda/epilogue.cuh"
#include "cuda/implicit_gemm.cuh"

namespace unmask {
namespace {

using namespace implicit_gemm;
constexpr int most_slices = 16;

// Calls function(row, column) for each `width` columns of the tile that are within y.
template <int width, int unrolled, class Function>
__device__ void for_each_pack(const Problem& problem, Function function) {
    constexpr int packs = tile_outputs / width, rows_a_pass = threads / packs;
    const int column = static_cast<int>(threadIdx.x % packs) * width;
    if (static_cast<int>(blockIdx.y) * tile_outputs + column >= problem.outputs) return;
    const int left = problem.pixels - static_cast<int>(blockIdx.x) * tile_pixels;
    const int rows = left < tile_pixels ? left : tile_pixels;
#pragma unroll unrolled
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
    for_each_pack<width, 2>(problem, [=](int row, int column) {
        store_pack<width>(own + row * tile_outputs + column,
                          load_pack<width>(sums + row * sum_pitch + column));
    });
    const int count = problem.slices;
    if (!is_last_to_arrive(arrivals + number, static_cast<unsigned>(count))) return false;
    for_each_pack<width, 1>(problem, [=](int row, int column) {
        const float* part = slices + number * tile_size + row * tile_outputs + column;
        Pack<float, width> parts[most_slices];  // all on their way before the first is added
#pragma unroll
        for (int slice = 0; slice < most_slices; ++slice)
            if (slice < count) parts[slice] = load_pack<width>(part + slice * tiles * tile_size);
        Pack<float, width> result = parts[0];
#pragma unroll
        for (int slice = 1; slice < most_slices; ++slice)
            if (slice < count)
#pragma unroll
                for (int i = 0; i < width; ++i) result[i] += parts[slice][i];
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
        commit_copies();
    }
    for (int step = begin; step < end; ++step) {
        wait_for_copies(stages - 2);
        __syncthreads();  // the step is there, and the one before is multiplied by all warps
        const int next = step + stages - 1;
        if (next < end) loader.copy(stage[(next - begin) % stages]);
        commit_copies();
        warp_sums.multiply(stage[(step - begin) % stages]);
    }
    __syncthreads();
    float* sums = reinterpret_cast<float*>(stage);
    warp_sums.store(sums);
    __syncthreads();

    if (problem.slices > 1 && !add_slices(problem, sums, slices, arrivals)) return;
    for_each_pack<pack, 2>(problem, [=](int row, int column) {
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
    // A slice of fewer steps is over before the sums of one more are added, and of blocks there are five a
    // multiprocessor at once (of compute capability 9.0): below two waves of them timing decides.
    constexpr int fewest_steps = 4;
    constexpr int64_t most_blocks = 2 * many_blocks;
    static_assert(most_blocks <= arrival_counter_count);
    std::vector<int> result;
    for (int wanted = 1; wanted <= most_slices; wanted *= 2) {
        const Problem problem(x, weight, y, params, wanted);
        const bool worthwhile = wanted == 1 || problem.slice_steps >= fewest_steps;
        if (worthwhile && problem.slices * problem.tiles() <= most_blocks &&
            (result.empty() || problem.slices > result.back()))
            result.push_back(problem.slices);
    }
    return result;
}

void split_k_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                            Tensor& y, const Conv2dParams& params, int slices_wanted) {
    UNMASK_ASSERT(slices_wanted > 0 && slices_wanted <= most_slices);
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
