// SPDX-License-Identifier: Apache-2.0
// Depthwise convolutions of 3×3 and 5×5 taps: which kernel serves which stride, and the launches.
#include "cuda/depthwise_conv2d.h"

#include "cuda/depthwise_forward.cuh"
#include "cuda/depthwise_gradients.cuh"

namespace unmask {
namespace {

// x is the map that the taps are laid over, y the other.
DepthwiseShape shape_of(const Shape& x, const Shape& y, const Conv2dParams& params) {
    return {.height = static_cast<int>(x[1]),
            .width = static_cast<int>(x[2]),
            .out_height = static_cast<int>(y[1]),
            .out_width = static_cast<int>(y[2]),
            .channels = static_cast<int>(x[3]),
            .stride_y = params.stride[0],
            .stride_x = params.stride[1],
            .pad_top = params.padding_before[0],
            .pad_left = params.padding_before[1],
            .images = static_cast<int>(x[0])};
}

// The stride as the kernels' template argument: 0 is any other.
int kernel_stride(const DepthwiseShape& shape) {
    return shape.stride_y == shape.stride_x && shape.stride_x <= 2 ? shape.stride_x : 0;
}

template <int... values, class Function>
void dispatch_constant(int value, Function&& function) {
    const bool found = ((value == values && (function(std::integral_constant<int, values>{}), true)) || ...);
    UNMASK_ASSERT(found);
}

// function(T{}, width, K) for the storage type, 4 channels at a time where rows and pointers allow it.
template <class Function, class... Pointers>
void dispatch(const char* kernel, const Tensor& x, const Tensor& weight, Function&& function,
              Pointers... pointers) {
    dispatch_storage(kernel, x, [&](auto zero) {
        using T = decltype(zero);
        const int width = can_take<T>(4, x.dim(3), x.raw(), pointers...) ? 4 : 1;
        dispatch_constant<1, 4>(width, [&](auto channels) {
            dispatch_constant<3, 5>(static_cast<int>(weight.dim(1)),
                                    [&](auto taps) { function(zero, channels, taps); });
        });
    });
}

const void* place(const Tensor& tensor) {
    return tensor.defined() ? tensor.raw() : nullptr;
}

unsigned grid_of(const Strips& strips, const ChannelTiles& tiles, int share = 1) {
    return blocks_for(blocks_for(strips.count, int64_t{tiles.lanes} * share) * int64_t{tiles.tiles}, 1);
}

// Groups of strips for each block, since each loads the taps anew: several where there are enough blocks.
int groups_a_block(const Strips& strips, const ChannelTiles& tiles) {
    const int64_t blocks = grid_of(strips, tiles);
    return static_cast<int>(std::clamp<int64_t>(blocks / (4 * many_blocks), 1, 4));
}

template <class T, int width, int K>
void launch_forward(const Tensor& x, const Tensor& weight, const DepthwiseShape& shape, bool turned,
                    const Epilogue<T>& epilogue, Tensor& y) {
    const ChannelTiles tiles = channel_tiles(shape.channels, width, depthwise_columns<width>);
    dispatch_constant<0, 1, 2>(kernel_stride(shape), [&](auto stride) {
        constexpr int S = stride();
        const Strips strips(shape.images, shape.out_height, shape.out_width, depthwise_strip<S>);
        const int share = groups_a_block(strips, tiles);
        UNMASK_LAUNCH((depthwise_forward_kernel<T, width, K, S>), grid_of(strips, tiles, share),
                      tiles.block(), 0, stream_of(x), shape, tiles, strips, share, x.data<T>(),
                      weight.data<T>(), turned, epilogue, y.data<T>());
    });
}

}  // namespace

bool depthwise_conv2d_supported(const Shape& x, const Shape& weight, const Conv2dParams& params) {
    const bool three = weight[1] == 3 && weight[2] == 3, five = weight[1] == 5 && weight[2] == 5;
    return (three || five) && weight[3] == 1 && weight[0] == params.groups && x[3] == params.groups &&
           params.dilation == std::array{1, 1};
}

void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    if (y.numel() == 0) return;
    dispatch(
        conv2d_forward.name(), x, weight,
        [&](auto zero, auto width, auto taps) {
            using T = decltype(zero);
            launch_forward<T, width(), taps()>(x, weight, shape_of(x.shape(), y.shape(), params), false,
                                               Epilogue<T>(bias, residual, params.activation), y);
        },
        y.raw(), place(bias), place(residual));
}

void depthwise_conv2d_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                    const Conv2dParams& params) {
    if (grad_x.numel() == 0) return;
    const DepthwiseShape shape = shape_of(grad_x.shape(), grad_y.shape(), params);
    dispatch(
        conv2d_backward_data.name(), grad_y, weight,
        [&](auto zero, auto width, auto taps) {
            using T = decltype(zero);
            constexpr int K = taps();
            const int stride = kernel_stride(shape);
            if (stride == 1) {
                DepthwiseShape turned = shape_of(grad_y.shape(), grad_x.shape(), params);
                turned.pad_top = K - 1 - shape.pad_top;
                turned.pad_left = K - 1 - shape.pad_left;
                return launch_forward<T, width(), K>(grad_y, weight, turned, true,
                                                     Epilogue<T>({}, {}, Activation::none), grad_x);
            }
            const ChannelTiles tiles = channel_tiles(shape.channels, width(), depthwise_columns<width()>);
            const T *gradient = grad_y.data<T>(), *kernel = weight.data<T>();
            if (stride == 2) {
                const Strips strips(shape.images, shape.height, shape.width + shape.pad_left % 2, 8);
                const int share = groups_a_block(strips, tiles);
                UNMASK_LAUNCH((depthwise_halved_gradient_kernel<T, width(), K>),
                              grid_of(strips, tiles, share), tiles.block(), 0, stream_of(grad_y), shape,
                              tiles, strips, share, gradient, kernel, grad_x.data<T>());
            } else {
                const Strips strips(shape.images, shape.height, shape.width, 1);
                UNMASK_LAUNCH((depthwise_any_gradient_kernel<T, width(), K>), grid_of(strips, tiles),
                              tiles.block(), 0, stream_of(grad_y), shape, tiles, strips, gradient, kernel,
                              grad_x.data<T>());
            }
        },
        grad_x.raw());
}

void depthwise_conv2d_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                                      const Conv2dParams& params) {
    if (grad_weight.numel() == 0) return;
    const DepthwiseShape shape = shape_of(x.shape(), grad_y.shape(), params);
    if (x.numel() == 0) return grad_weight.fill_zero();
    dispatch(
        conv2d_backward_weight.name(), grad_y, grad_weight,
        [&](auto zero, auto width, auto taps) {
            using T = decltype(zero);
            constexpr int K = taps();
            ChannelTiles tiles = channel_tiles(shape.channels, width(), depthwise_columns<width()>, K);
            tiles.lanes = std::min(tiles.lanes, 64);  // as deep as a block may be
            dispatch_constant<0, 1, 2>(kernel_stride(shape), [&](auto stride) {
                constexpr int S = stride();
                const Strips strips(shape.images, shape.out_height, shape.out_width, depthwise_strip<S>);
                const int64_t most = (strips.count + tiles.lanes - 1) / tiles.lanes;
                constexpr int64_t blocks = multiprocessors * weight_parts_blocks<T>;  // whole waves
                const int64_t wanted = std::clamp<int64_t>(blocks / tiles.tiles, 1, most);
                const int64_t share = (strips.count + wanted - 1) / wanted;
                const int64_t chunks = (strips.count + share - 1) / share;
                const Tensor parts = Tensor::empty({chunks, K * K, shape.channels}, DType::f32, x.device());
                const dim3 block(static_cast<unsigned>(tiles.columns), K, static_cast<unsigned>(tiles.lanes));
                UNMASK_LAUNCH((depthwise_weight_parts_kernel<T, width(), K, S>),
                              blocks_for(chunks * tiles.tiles, 1), block, 0, stream_of(x), shape, tiles,
                              strips, share, grad_y.data<T>(), x.data<T>(), parts.data<float>());
                launch_sum_parts(stream_of(x), parts.data<float>(), chunks, K * K * int64_t{shape.channels},
                                 WriteWeightGradient<T>{grad_weight.data<T>(), shape.channels, K * K});
            });
        },
        x.raw());
}

}  // namespace unmask
