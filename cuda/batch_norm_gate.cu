// SPDX-License-Identifier: Apache-2.0
// Batch norm with silu behind a gate, all branches in each launch: a = silu(norm(x)) is made from x wherever
// it is read, so that x is read once for the means, once for the weighted map and once, with the gradient,
// for the weights' gradient, and a is never written.
#include "cuda/batch_norm_gate.h"

#include "cuda/batch_norm_gradient.cuh"
#include "cuda/image_chunks.cuh"

namespace unmask {
namespace {

// The tensors of the branches, by pointer table; those that a kernel does not need are null.
template <class T>
struct GateTensors {
    struct Branch {
        const T *x, *grad_y;
        const float* weights;
        T* y;
        float* sums;  // null: not wanted
    };
    Branch branches[most_branches];
};

// a in float32, from what was loaded of x.
template <class T, int width>
__device__ Pack<float, width> activated(const Pack<T, width>& x, const Affine<T> (&affine)[width]) {
    Pack<float, width> result = to_floats(x);
#pragma unroll
    for (int i = 0; i < width; ++i) result[i] = activate_for<T>(Silu{}, affine[i](result[i]));
    return result;
}

template <class T, int width>
__global__ void __launch_bounds__(block_threads, 3)
    weighted_kernel(ImageChunks chunks, GateTensors<T> tensors, BatchNormTable table) {
    const auto own = tensors.branches[blockIdx.z];
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= chunks.channels) return;
    Affine<T> affine[width];
    float mean[width];
    read_channels(table, channel, affine, mean);
    const int64_t image = chunks.image(), end = chunks.end(), lanes = blockDim.y;
    const int64_t first = image * chunks.pixels * chunks.channels + channel;
    const auto factors = load_pack<width>(own.weights + image * chunks.channels + channel);
    const auto take = [&](auto count, int64_t pixel) {
        constexpr int n = count();
        Pack<T, width> in[n];
#pragma unroll
        for (int k = 0; k < n; ++k)
            in[k] = load_pack<width>(own.x + first + (pixel + k * lanes) * chunks.channels);
#pragma unroll
        for (int k = 0; k < n; ++k) {
            const Pack<float, width> a = activated(in[k], affine);
            Pack<T, width> result;
#pragma unroll
            for (int i = 0; i < width; ++i) result[i] = from_float<T>(a[i] * factors[i]);
            store_pack<width>(own.y + first + (pixel + k * lanes) * chunks.channels, result);
        }
    };
    int64_t pixel = chunks.begin() + threadIdx.y;
#pragma unroll 1
    for (; pixel + lanes < end; pixel += 2 * lanes) take(std::integral_constant<int, 2>{}, pixel);
    if (pixel < end) take(std::integral_constant<int, 1>{}, pixel);
}

// Σ a, or with a gradient Σ a · grad_y, over the pixels of each image: times `share` to the branch's sums
// where an image is one chunk, else to parts[branch][chunk][N][C].
template <class T, int width, bool with_gradient>
__global__ void __launch_bounds__(block_threads, 2)
    gate_sums_kernel(ImageChunks chunks, int64_t images, GateTensors<T> tensors, BatchNormTable table,
                     float share, float* parts) {
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const auto own = tensors.branches[blockIdx.z];
    if (own.sums == nullptr) return;
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    const bool inside = channel < chunks.channels;
    const int64_t image = chunks.image(), lanes = blockDim.y;
    const int64_t first = image * chunks.pixels * chunks.channels + channel;
    Sums sums{};
    if (inside) {
        Affine<T> affine[width];
        float mean[width];
        read_channels(table, channel, affine, mean);
        const auto take = [&](auto count, int64_t pixel) {
            constexpr int n = count();
            Pack<T, width> in[n];
            [[maybe_unused]] Pack<T, width> gradients[n];
#pragma unroll
            for (int k = 0; k < n; ++k) {
                const int64_t place = first + (pixel + k * lanes) * chunks.channels;
                in[k] = load_pack<width>(own.x + place);
                if constexpr (with_gradient) gradients[k] = load_pack<width>(own.grad_y + place);
            }
#pragma unroll
            for (int k = 0; k < n; ++k) {
                const Pack<float, width> a = activated(in[k], affine);
                [[maybe_unused]] Pack<float, width> g;
                if constexpr (with_gradient) g = to_floats(gradients[k]);
#pragma unroll
                for (int i = 0; i < width; ++i) {
                    if constexpr (with_gradient)
                        sums[i] += a[i] * g[i];
                    else
                        sums[i] += a[i];
                }
            }
        };
        constexpr int batch = with_gradient ? 2 : 4;
        const int64_t end = chunks.end();
        int64_t pixel = chunks.begin() + threadIdx.y;
#pragma unroll 1
        for (; pixel + (batch - 1) * lanes < end; pixel += batch * lanes)
            take(std::integral_constant<int, batch>{}, pixel);
#pragma unroll 1
        for (; pixel < end; pixel += lanes) take(std::integral_constant<int, 1>{}, pixel);
    }
    const int column = static_cast<int>(threadIdx.x), columns = static_cast<int>(blockDim.x);
    const int lane = static_cast<int>(threadIdx.y);
    Sums& total = shared[lane * columns + column];
    total = sums;
    sum_lanes(shared, column, columns, lane, static_cast<int>(lanes));
    if (lane != 0 || !inside) return;
    const int64_t place = image * chunks.channels + channel;
    if (chunks.count > 1) {
        const int64_t chunk = blockIdx.z * static_cast<int64_t>(chunks.count) + blockIdx.x % chunks.count;
        store_pack<width>(parts + chunk * images * chunks.channels + place, total);
        return;
    }
#pragma unroll
    for (int i = 0; i < width; ++i) sums[i] = total[i] * share;
    store_pack<width>(own.sums + place, sums);
}

struct WriteSum {
    float* sums;
    float share;
    __device__ void operator()(int64_t index, float sum) const { sums[index] = sum * share; }
};

// function(T{}, width): as many channels as fit 16 bytes of bf16 where rows and pointers allow it.
template <class Function>
void dispatch(const char* kernel, const std::vector<BatchNormBranch>& branches,
              const std::vector<Tensor>& maps, const std::vector<Tensor>& sums, Function&& function) {
    const Tensor& x = branches.front().x;
    dispatch_storage(kernel, x, [&](auto zero) {
        using T = decltype(zero);
        bool packs = true;
        for (size_t i = 0; i < branches.size(); ++i)
            packs = packs &&
                    can_take<T>(8, x.dim(3), branches[i].x.raw(), maps.empty() ? nullptr : place(maps[i])) &&
                    can_take<float>(8, x.dim(3), place(sums[i]));
        if (packs)
            function(zero, std::integral_constant<int, 8>{});
        else
            function(zero, std::integral_constant<int, 1>{});
    });
}

// sums[i] = share · Σ a, with gradients Σ a · grad_y[i].
template <bool with_gradient>
void launch_sums(const char* kernel, const std::vector<BatchNormBranch>& branches,
                 const std::vector<Tensor>& grad_y, const std::vector<Tensor>& sums, double share) {
    const Tensor& x = branches.front().x;
    dispatch(kernel, branches, grad_y, sums, [&](auto zero, auto width) {
        using T = decltype(zero);
        GateTensors<T> tensors{};
        for (size_t i = 0; i < branches.size(); ++i) {
            auto& own = tensors.branches[i];
            own.x = branches[i].x.template data<T>();
            if (with_gradient) own.grad_y = grad_y[i].template data<T>();
            if (sums[i].defined()) own.sums = sums[i].template data<float>();
        }
        const auto count = static_cast<unsigned>(branches.size());
        const int64_t values = x.dim(0) * x.dim(3);
        const ChannelTiles tiles = channel_tiles(x.dim(3), width(), 64);
        const ImageChunks chunks = ImageChunks::for_sums(x, tiles);
        Tensor parts;
        if (chunks.count > 1) parts = Tensor::empty({count, chunks.count, values}, DType::f32, x.device());
        UNMASK_LAUNCH((gate_sums_kernel<T, width(), with_gradient>), chunks.grid(x.dim(0), tiles, count),
                      tiles.block(), 0, stream_of(x), chunks, x.dim(0), tensors,
                      BatchNormTable(branches, nullptr), static_cast<float>(share),
                      parts.defined() ? parts.data<float>() : nullptr);
        for (size_t i = 0; parts.defined() && i < branches.size(); ++i)
            if (sums[i].defined())
                launch_sum_parts(
                    stream_of(x), parts.data<float>() + static_cast<int64_t>(i) * chunks.count * values,
                    chunks.count, values, WriteSum{tensors.branches[i].sums, static_cast<float>(share)});
    });
}

void forward(const Tensor& x, const std::vector<BatchNormBranch>& branches,
             const std::vector<Tensor>& weights, std::vector<Tensor>& y) {
    if (x.numel() == 0) return;
    dispatch(batch_norm_gate_forward.name(), branches, y, weights, [&](auto zero, auto width) {
        using T = decltype(zero);
        GateTensors<T> tensors{};
        for (size_t i = 0; i < branches.size(); ++i) {
            auto& own = tensors.branches[i];
            own.x = branches[i].x.template data<T>();
            own.weights = weights[i].template data<float>();
            own.y = y[i].template data<T>();
        }
        const ChannelTiles tiles = channel_tiles(x.dim(3), width(), 64);
        const ImageChunks chunks = ImageChunks::for_pixels(x, tiles);
        UNMASK_LAUNCH((weighted_kernel<T, width()>),
                      chunks.grid(x.dim(0), tiles, static_cast<unsigned>(branches.size())), tiles.block(), 0,
                      stream_of(x), chunks, tensors, BatchNormTable(branches, nullptr));
    });
}

void backward(const Tensor& x, const std::vector<BatchNormBranch>& branches,
              const std::vector<Tensor>& grad_y, std::vector<Tensor>& grad_weights) {
    if (x.numel() > 0)
        return launch_sums<true>(batch_norm_gate_backward.name(), branches, grad_y, grad_weights, 1.0);
    for (Tensor& sums : grad_weights)
        if (sums.defined()) sums.fill_zero();
}

const KernelEntry forward_entry{batch_norm_gate_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{batch_norm_gate_backward, Backend::cuda, &backward};

}  // namespace

void launch_gate_means(const Tensor& x, const std::vector<BatchNormBranch>& branches) {
    std::vector<Tensor> means;
    for (const BatchNormBranch& branch : branches) means.push_back(branch.means);
    launch_sums<false>(batch_norm_forward.name(), branches, {}, means,
                       1.0 / static_cast<double>(x.dim(1) * x.dim(2)));
}

}  // namespace unmask
