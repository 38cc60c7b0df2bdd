// SPDX-License-Identifier: Apache-2.0
// Channels weighted image by image. Forward reads x and writes y once; backward reads grad_y and x once and
// writes grad_x once, with the sums over the pixels of each image taken along.
#include "engine/ops/channel_scale.h"

#include "cuda/image_chunks.cuh"

namespace unmask {
namespace {

template <int width, class S>
__device__ Pack<float, width> load_scale(const S* scale, int64_t place) {
    const Pack<S, width> values = load_pack<width>(scale + place);
    Pack<float, width> result;
#pragma unroll
    for (int i = 0; i < width; ++i) result[i] = to_float(values[i]);
    return result;
}

template <int width, class T>
__device__ Pack<T, width> product(const Pack<T, width>& values, const Pack<float, width>& factors) {
    Pack<T, width> result;
#pragma unroll
    for (int i = 0; i < width; ++i) result[i] = from_float<T>(to_float(values[i]) * factors[i]);
    return result;
}

template <class T, class S, int width>
__global__ void __launch_bounds__(block_threads)
    forward_kernel(ImageChunks chunks, const T* x, const S* scale, T* y) {
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= chunks.channels) return;
    const int64_t image = chunks.image(), end = chunks.end(), lanes = blockDim.y;
    const int64_t first = image * chunks.pixels * chunks.channels + channel;
    const auto factors = load_scale<width>(scale, image * chunks.channels + channel);
    const auto take = [&](auto count, int64_t pixel) {
        constexpr int n = count();
        Pack<T, width> in[n];
#pragma unroll
        for (int k = 0; k < n; ++k)
            in[k] = load_pack<width>(x + first + (pixel + k * lanes) * chunks.channels);
#pragma unroll
        for (int k = 0; k < n; ++k)
            store_pack<width>(y + first + (pixel + k * lanes) * chunks.channels, product(in[k], factors));
    };
    constexpr int batch = sizeof(T) == 4 ? 2 : 4;
    int64_t pixel = chunks.begin() + threadIdx.y;
#pragma unroll 1
    for (; pixel + (batch - 1) * lanes < end; pixel += batch * lanes)
        take(std::integral_constant<int, batch>{}, pixel);
#pragma unroll 1
    for (; pixel < end; pixel += lanes) take(std::integral_constant<int, 1>{}, pixel);
}

// grad_x may be null. The sums go to grad_scale where an image is one chunk, else to parts[chunk][N][C];
// neither is wanted when both are null.
template <class T, class S, int width>
__global__ void __launch_bounds__(block_threads)
    backward_kernel(ImageChunks chunks, int64_t images, const T* grad_y, const T* x, const S* scale,
                    T* grad_x, S* grad_scale, float* parts) {
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    const bool inside = channel < chunks.channels;
    const int64_t image = chunks.image(), end = inside ? chunks.end() : 0, lanes = blockDim.y;
    const int64_t first = image * chunks.pixels * chunks.channels + channel;
    const int64_t place_of_scale = image * chunks.channels + channel;
    Sums factors{}, sums{};
    if (inside) factors = load_scale<width>(scale, place_of_scale);
#pragma unroll 2
    for (int64_t pixel = chunks.begin() + threadIdx.y; pixel < end; pixel += lanes) {
        const int64_t place = first + pixel * chunks.channels;
        const Pack<T, width> gradients = load_pack<width>(grad_y + place),
                             values = load_pack<width>(x + place);
#pragma unroll
        for (int i = 0; i < width; ++i) sums[i] += to_float(gradients[i]) * to_float(values[i]);
        if (grad_x != nullptr) store_pack<width>(grad_x + place, product(gradients, factors));
    }
    if (grad_scale == nullptr && parts == nullptr) return;
    const int column = static_cast<int>(threadIdx.x), lane = static_cast<int>(threadIdx.y);
    Sums& own = shared[lane * static_cast<int>(blockDim.x) + column];
    own = sums;
    sum_lanes(shared, column, static_cast<int>(blockDim.x), lane, static_cast<int>(lanes));
    if (lane != 0 || !inside) return;
    if (parts != nullptr) {
        const int64_t chunk = blockIdx.x % chunks.count;
        store_pack<width>(parts + chunk * images * chunks.channels + place_of_scale, own);
    } else {
        Pack<S, width> result;
#pragma unroll
        for (int i = 0; i < width; ++i) result[i] = from_float<S>(own[i]);
        store_pack<width>(grad_scale + place_of_scale, result);
    }
}

template <class S>
struct WriteScaleGradient {
    S* grad_scale;
    __device__ void operator()(int64_t index, float sum) const { grad_scale[index] = from_float<S>(sum); }
};

// function(T{}, S{}, width): the types of x and scale, as many channels as fit 16 bytes of x where rows and
// pointers allow it.
template <class Function, class... Tensors>
void dispatch(const char* kernel, const Tensor& x, const Tensor& scale, const Tensor& grad_scale,
              Function&& function, const Tensors&... like_x) {
    dispatch_storage(kernel, x, [&](auto zero) {
        dispatch_storage(kernel, scale, [&](auto zero_scale) {
            using T = decltype(zero);
            using S = decltype(zero_scale);
            constexpr int width = 16 / sizeof(T);
            const auto place = [](const Tensor& tensor) { return tensor.defined() ? tensor.raw() : nullptr; };
            if (can_take<T>(width, x.dim(3), x.raw(), place(like_x)...) &&
                is_aligned(scale.raw(), width * sizeof(S)) &&
                is_aligned(place(grad_scale), width * sizeof(S)))
                function(zero, zero_scale, std::integral_constant<int, width>{});
            else
                function(zero, zero_scale, std::integral_constant<int, 1>{});
        });
    });
}

void forward(const Tensor& x, const Tensor& scale, Tensor& y) {
    if (x.numel() == 0) return;
    dispatch(
        channel_scale_forward.name(), x, scale, Tensor(),
        [&](auto zero, auto zero_scale, auto width) {
            using T = decltype(zero);
            using S = decltype(zero_scale);
            const ChannelTiles tiles = channel_tiles(x.dim(3), width(), 64);
            const ImageChunks chunks = ImageChunks::for_pixels(x, tiles);
            UNMASK_LAUNCH((forward_kernel<T, S, width()>), chunks.grid(x.dim(0), tiles), tiles.block(), 0,
                          stream_of(x), chunks, x.data<T>(), scale.data<S>(), y.data<T>());
        },
        y);
}

void backward(const Tensor& grad_y, const Tensor& x, const Tensor& scale, Tensor& grad_x,
              Tensor& grad_scale) {
    if (scale.numel() == 0) return;
    if (x.numel() == 0) {
        if (grad_scale.defined()) grad_scale.fill_zero();
        return;
    }
    dispatch(
        channel_scale_backward.name(), grad_y, scale, grad_scale,
        [&](auto zero, auto zero_scale, auto width) {
            using T = decltype(zero);
            using S = decltype(zero_scale);
            const int64_t images = x.dim(0);
            const ChannelTiles tiles = channel_tiles(x.dim(3), width(), 64);
            const ImageChunks chunks = ImageChunks::for_sums(x, tiles);
            Tensor parts;
            if (grad_scale.defined() && chunks.count > 1)
                parts = Tensor::empty({chunks.count, images, x.dim(3)}, DType::f32, x.device());
            UNMASK_LAUNCH((backward_kernel<T, S, width()>), chunks.grid(x.dim(0), tiles), tiles.block(), 0,
                          stream_of(x), chunks, images, grad_y.data<T>(), x.data<T>(), scale.data<S>(),
                          grad_x.defined() ? grad_x.data<T>() : nullptr,
                          grad_scale.defined() ? grad_scale.data<S>() : nullptr,
                          parts.defined() ? parts.data<float>() : nullptr);
            if (parts.defined())
                launch_sum_parts(stream_of(x), parts.data<float>(), chunks.count, images * x.dim(3),
                                 WriteScaleGradient<S>{grad_scale.data<S>()});
        },
        x, grad_x);
}

const KernelEntry forward_entry{channel_scale_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{channel_scale_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
