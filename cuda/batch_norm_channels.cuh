// SPDX-License-Identifier: Apache-2.0
// What batch norm's kernels know of each channel: pointers to the branches' norms, passed by value in a
// kernel's parameters, and the coefficients that the passes over x read. blockIdx.z is the branch.
#pragma once

#include <span>

#include "cuda/channel_tiles.cuh"
#include "engine/ops/batch_norm.h"

namespace unmask {

constexpr int most_branches = 8;

inline const void* place(const Tensor& tensor) {
    return tensor.defined() ? tensor.raw() : nullptr;
}

// The partial sums that all ranks leave, [ranks][branches][chunks][2][channels] in device memory.
struct RankParts {
    const float* values = nullptr;
    int64_t chunks = 0;
    int channels = 0, ranks = 1;

    // Of one rank's first chunk, of the block's branch.
    __device__ const float* of(int rank) const {
        return values + (static_cast<int64_t>(rank) * gridDim.z + blockIdx.z) * chunks * pitch();
    }
    __device__ int64_t pitch() const { return 2 * static_cast<int64_t>(channels); }
};

// The parts [branches, chunks, 2, channels] of this rank alone.
inline RankParts own_parts(const Tensor& parts) {
    return {parts.data<float>(), parts.dim(1), static_cast<int>(parts.dim(3)), 1};
}

// Those of all ranks where there are several; `memory` keeps them.
inline RankParts gather_parts(const Tensor& parts, const BatchNormParams& params, Tensor& memory) {
    RankParts result = own_parts(parts);
    if (params.ranks() == 1 || parts.numel() == 0) return result;
    memory = Tensor::empty({params.ranks() * parts.dim(0), parts.dim(1), 2, parts.dim(3)}, DType::f32,
                           parts.device());
    params.communicator->all_gather(parts, memory);
    result.values = memory.data<float>();
    result.ranks = params.ranks();
    return result;
}

// Adds each of two sums up over the lanes of a block and leaves them at `part` and `part + pitch`. All
// threads must take part; shared: a pack for each.
template <int width>
__device__ void store_sums_of_lanes(Pack<float, width>* shared, const Pack<float, width>& first,
                                    const Pack<float, width>& second, int column, int columns, int lane,
                                    int lanes, bool inside, float* part, int64_t pitch) {
    Pack<float, width>& own = shared[lane * columns + column];
    own = first;
    sum_lanes(shared, column, columns, lane, lanes);
    if (lane == 0 && inside) store_pack<width>(part, own);
    __syncthreads();
    own = second;
    sum_lanes(shared, column, columns, lane, lanes);
    if (lane == 0 && inside) store_pack<width>(part + pitch, own);
}

// The norms of all branches' groups; channel c of a branch is channel c % size of its group c / size.
struct BatchNormTable {
    static constexpr int most_groups = 16;
    struct Group {
        const float *weight, *bias;
        float *running_mean, *running_variance, *saved_mean, *saved_inverse_deviation;
        float *grad_weight, *grad_bias;  // null: not wanted
    };
    Group groups[most_groups];
    int count = 1, size = 1;  // groups of a branch, channels of a group
    bool packs = true;  // whether eight channels from a multiple of eight on are one group's, and aligned

    BatchNormTable(const std::vector<BatchNormBranch>& branches,
                   const std::vector<BatchNormGradients>* gradients) {
        const size_t each = branches.front().groups.size();
        if (branches.size() > most_branches || branches.size() * each > most_groups)
            fail("batch_norm: expected at most {} inputs and {} groups on a GPU, found {} and {}",
                 most_branches, most_groups, branches.size(), branches.size() * each);
        const auto pointer = [](const Tensor& tensor) {
            return tensor.defined() ? tensor.data<float>() : nullptr;
        };
        for (size_t i = 0; i < branches.size() * each; ++i) {
            const BatchNormGroup& group = branches[i / each].groups[i % each];
            const BatchNormGradients::Group gradient =
                gradients == nullptr ? BatchNormGradients::Group{} : (*gradients)[i / each].groups[i % each];
            groups[i] = {pointer(group.weight),       pointer(group.bias),
                         pointer(group.running_mean), pointer(group.running_variance),
                         pointer(group.saved_mean),   pointer(group.saved_inverse_deviation),
                         pointer(gradient.weight),    pointer(gradient.bias)};
        }
        count = static_cast<int>(each);
        size = static_cast<int>(branches.front().groups.front().weight.numel());
        for (const Group& group : std::span(groups).first(branches.size() * each))
            packs = packs && can_take<float>(8, size, group.weight, group.bias, group.saved_mean,
                                             group.saved_inverse_deviation);
    }

    __device__ const Group& of(int channel) const {
        return groups[static_cast<int>(blockIdx.z) * count + channel / size];
    }
};

// (x - centre) · scale + shift. For bf16 the centre is folded into the shift: what that loses is far below
// the rounding of x.
template <class T>
constexpr bool has_centre = std::is_same_v<T, float>;

template <class T>
struct Affine {
    float centre, scale, shift;

    Affine() = default;
    __device__ Affine(float mean, float inverse, float weight, float bias)
        : centre(has_centre<T> ? mean : 0.0f),
          scale(weight * inverse),
          shift(has_centre<T> ? bias : bias - mean * scale) {}
    __device__ float operator()(float x) const {
        if constexpr (has_centre<T>)
            return (x - centre) * scale + shift;
        else
            return x * scale + shift;
    }
};

// What the passes over x read for each channel, [branches][count][C] in device memory.
struct Coefficients {
    // grad_x = scale · g + slope · (x - centre) + constant
    enum Row : int { scale, shift, centre, slope, constant, count };
    float* values = nullptr;
    int channels = 0;

    template <class T>
    __device__ void put(int c, const Affine<T>& affine) const {
        place(scale)[c] = affine.scale;
        place(shift)[c] = affine.shift;
        place(centre)[c] = affine.centre;
    }
    __device__ void put_gradient(int c, float slope_value, float constant_value) const {
        place(slope)[c] = slope_value;
        place(constant)[c] = constant_value;
    }
    template <int width>
    __device__ Pack<float, width> row(Row which, int c) const {
        return load_pack<width>(place(which) + c);
    }
    // What put() left of the channels from c on.
    template <class T, int width>
    __device__ void read(int c, Affine<T> (&affine)[width]) const {
        const auto scales = row<width>(scale, c), shifts = row<width>(shift, c);
        Pack<float, width> centres{};
        if constexpr (has_centre<T>) centres = row<width>(centre, c);
#pragma unroll
        for (int i = 0; i < width; ++i) {
            affine[i].scale = scales[i];
            affine[i].shift = shifts[i];
            affine[i].centre = centres[i];
        }
    }

  private:
    __device__ float* place(Row which) const {
        return values + (static_cast<int64_t>(blockIdx.z) * count + which) * channels;
    }
};

// What becomes of the statistics of one channel: running ones moved towards them, saved ones for backward.
struct StatisticsRule {
    double share, unbiased_share;  // 1 / rows, 1 / (rows - 1)
    double momentum, eps;

    // From the batch's mean, sum of squared deviations and 1 / sqrt(variance + eps).
    __device__ void keep(const BatchNormTable::Group& group, int channel, double mean, double squares,
                         float inverse) const {
        group.saved_mean[channel] = static_cast<float>(mean);
        group.saved_inverse_deviation[channel] = inverse;
        float &running_mean = group.running_mean[channel],
              &running_variance = group.running_variance[channel];
        running_mean =
            static_cast<float>((1.0 - momentum) * static_cast<double>(running_mean) + momentum * mean);
        running_variance = static_cast<float>((1.0 - momentum) * static_cast<double>(running_variance) +
                                              momentum * squares * unbiased_share);
    }
};

}  // namespace unmask
