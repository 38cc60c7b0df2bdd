// SPDX-License-Identifier: Apache-2.0
// The heads over all branches and over all but one. Forward: one launch. Backward: one launch computes grad_z
// and, over a part of the rows each, partial sums of all parameters' gradients; a second one adds the parts
// in order.
#include "engine/ops/leave_one_out_linear.h"

#include "cuda/device.cuh"

namespace unmask {
namespace {

constexpr int most_heads = static_cast<int>(most_leave_one_out_branches) + 1;
constexpr int most_classes = static_cast<int>(most_leave_one_out_classes);

struct Parameters {
    const float* weights[most_heads];
    const float* biases[most_heads];
};

struct Sizes {
    int64_t rows, features, heads, classes;

    // Columns of a head's weight.
    __device__ int64_t width(int64_t head) const {
        return head == 0 ? features : features - features / (heads - 1);
    }
    // Where a head's gradients begin among those of all parameters.
    __device__ int64_t offset(int64_t head) const {
        return head == 0 ? 0 : classes * (features + 1) + (head - 1) * classes * (width(1) + 1);
    }
};

constexpr int forward_rows = 4, forward_classes = 2, products = forward_rows * forward_classes;

// A block computes 4 rows × 2 classes of one head; its threads share the columns.
__global__ void heads_kernel(Sizes sizes, const float* z, Parameters parameters, float* y) {
    constexpr int warps = block_threads / 32;
    UNMASK_SHARED(float, partial, warps* products);
    const int64_t head = blockIdx.y, first_row = int64_t{blockIdx.x} * forward_rows;
    const int64_t first_class = int64_t{blockIdx.z} * forward_classes, width = sizes.width(head);
    const LeftOut gap = left_out(head, sizes.heads, sizes.features);
    const float* weight = parameters.weights[head] + first_class * width;
    const int64_t next_class = first_class + 1 < sizes.classes ? width : 0;  // the same once more at the end

    const float* rows[forward_rows];
    float sums[forward_rows][forward_classes] = {};
#pragma unroll
    for (int r = 0; r < forward_rows; ++r)
        rows[r] = z + (first_row + r < sizes.rows ? first_row + r : sizes.rows - 1) * sizes.features;
    for (int64_t k = threadIdx.x; k < width; k += block_threads) {
        const int64_t column = k < gap.begin ? k : k + (gap.end - gap.begin);
        const float weight0 = weight[k], weight1 = weight[next_class + k];
#pragma unroll
        for (int r = 0; r < forward_rows; ++r) {
            const float value = rows[r][column];
            sums[r][0] += value * weight0;
            sums[r][1] += value * weight1;
        }
    }
#pragma unroll
    for (int i = 0; i < products; ++i) {
        const float sum = warp_reduce(sums[i / forward_classes][i % forward_classes]);
        if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32 * products + i] = sum;
    }
    __syncthreads();
    const int64_t row = first_row + threadIdx.x / forward_classes;
    const int64_t label = first_class + threadIdx.x % forward_classes;
    if (threadIdx.x >= products || row >= sizes.rows || label >= sizes.classes) return;
    float sum = partial[threadIdx.x];
    for (int warp = 1; warp < warps; ++warp) sum += partial[warp * products + threadIdx.x];
    y[(head * sizes.rows + row) * sizes.classes + label] = sum + parameters.biases[head][label];
}

constexpr int tile_rows = 16, tile_columns = 128;
constexpr int64_t most_parts = 32;

// A thread takes one column of z, and one more behind them that is 1 everywhere: the biases'. grad_z and
// partials may be null. partials[part · count + parameter].
__global__ void heads_gradient_kernel(Sizes sizes, int64_t part_rows, int64_t count, const float* grad_y,
                                      const float* z, Parameters parameters, float* grad_z, float* partials) {
    UNMASK_SHARED(float, tile, most_heads* most_classes* tile_rows);
    const int64_t column = int64_t{blockIdx.x} * tile_columns + threadIdx.x;
    const bool is_bias = column == sizes.features, inside = column < sizes.features;
    const int64_t begin = blockIdx.y * part_rows;
    const int64_t end = begin + part_rows < sizes.rows ? begin + part_rows : sizes.rows;
    const int tile_size = static_cast<int>(sizes.heads * sizes.classes) * tile_rows;
    for (int64_t first = begin; first < end; first += tile_rows) {
        __syncthreads();  // the tile before may still be read
        for (int i = static_cast<int>(threadIdx.x); i < tile_size; i += tile_columns) {
            const int64_t row = first + i % tile_rows, output = i / tile_rows;
            const int64_t head = output / sizes.classes, label = output - head * sizes.classes;
            tile[i] = row < end ? grad_y[(head * sizes.rows + row) * sizes.classes + label] : 0.0f;
        }
        __syncthreads();
        float values[tile_rows], gradients[tile_rows] = {};
#pragma unroll
        for (int r = 0; r < tile_rows; ++r)
            values[r] = inside && first + r < end ? z[(first + r) * sizes.features + column] : 1.0f;
        for (int64_t head = 0; head < sizes.heads; ++head) {
            const LeftOut gap = left_out(head, sizes.heads, sizes.features);
            if (!(inside || is_bias) || (column >= gap.begin && column < gap.end)) continue;
            const int64_t width = sizes.width(head);
            const int64_t place = column < gap.begin ? column : column - (gap.end - gap.begin);
            for (int64_t label = 0; label < sizes.classes; ++label) {
                const float* incoming = tile + (head * sizes.classes + label) * tile_rows;
                const float weight = inside ? parameters.weights[head][label * width + place] : 0.0f;
                float sum = 0.0f;
#pragma unroll
                for (int r = 0; r < tile_rows; ++r) {
                    gradients[r] += incoming[r] * weight;
                    sum += incoming[r] * values[r];
                }
                if (partials == nullptr) continue;
                float* target = partials + blockIdx.y * count + sizes.offset(head) +
                                (inside ? label * width + place : sizes.classes * width + label);
                *target = first == begin ? sum : *target + sum;
            }
        }
        if (grad_z == nullptr || !inside) continue;
#pragma unroll
        for (int r = 0; r < tile_rows; ++r)
            if (first + r < end) grad_z[(first + r) * sizes.features + column] = gradients[r];
    }
}

__global__ void add_parts_kernel(int64_t count, int64_t parts, const float* partials, float* sums) {
    const int64_t i = global_thread();
    if (i >= count) return;
    float sum = partials[i];
    for (int64_t part = 1; part < parts; ++part) sum += partials[part * count + i];
    sums[i] = sum;
}

void check_float(const char* kernel, const Tensor& tensor) {
    if (tensor.dtype() != DType::f32) detail::no_kernel(kernel, tensor);
}

Parameters table(const std::vector<Tensor>& weights, const std::vector<Tensor>& biases) {
    Parameters result = {};
    for (size_t h = 0; h < weights.size(); ++h) result.weights[h] = weights[h].data<float>();
    for (size_t h = 0; h < biases.size(); ++h) result.biases[h] = biases[h].data<float>();
    return result;
}

void forward(const Tensor& z, const std::vector<Tensor>& weights, const std::vector<Tensor>& biases,
             Tensor& y) {
    check_float(leave_one_out_linear_forward.name(), z);
    if (y.numel() == 0) return;
    const Sizes sizes{z.dim(0), z.dim(1), y.dim(0), y.dim(2)};
    const dim3 grid(blocks_for(sizes.rows, forward_rows), static_cast<unsigned>(sizes.heads),
                    blocks_for(sizes.classes, forward_classes));
    UNMASK_LAUNCH(heads_kernel, grid, block_threads, 0, stream_of(z), sizes, z.data<float>(),
                  table(weights, biases), y.data<float>());
}

void backward(const Tensor& grad_y, const Tensor& z, const std::vector<Tensor>& weights, Tensor& grad_z,
              Tensor& grad_parameters) {
    check_float(leave_one_out_linear_backward.name(), grad_y);
    if (grad_y.numel() == 0) {
        if (grad_parameters.defined()) grad_parameters.fill_zero();
        return;
    }
    const Sizes sizes{z.dim(0), z.dim(1), grad_y.dim(0), grad_y.dim(2)};
    const int64_t tiles = (sizes.rows + tile_rows - 1) / tile_rows;
    const int64_t part_rows = (tiles + most_parts - 1) / most_parts * tile_rows;
    const int64_t parts = (sizes.rows + part_rows - 1) / part_rows;
    const int64_t count = grad_parameters.defined() ? grad_parameters.numel() : 0;
    Tensor partials = grad_parameters;
    if (count > 0 && parts > 1) partials = Tensor::empty({parts, count}, DType::f32, z.device());
    UNMASK_LAUNCH(heads_gradient_kernel,
                  dim3(blocks_for(sizes.features + 1, tile_columns), static_cast<unsigned>(parts)),
                  tile_columns, 0, stream_of(z), sizes, part_rows, count, grad_y.data<float>(),
                  z.data<float>(), table(weights, {}), grad_z.defined() ? grad_z.data<float>() : nullptr,
                  partials.defined() ? partials.data<float>() : nullptr);
    if (count > 0 && parts > 1)
        UNMASK_LAUNCH(add_parts_kernel, blocks_for(count, block_threads), block_threads, 0, stream_of(z),
                      count, parts, partials.data<float>(), grad_parameters.data<float>());
}

const KernelEntry forward_entry{leave_one_out_linear_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{leave_one_out_linear_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
