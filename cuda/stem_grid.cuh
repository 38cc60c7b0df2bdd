// SPDX-License-Identifier: Apache-2.0
// Pooling windows of 3 x 3 at a stride of 2 with a padding of 1 over maps of even sizes, as ResNet's stem has
// them, in bf16: window i reads the inputs 2·i - 1 to 2·i + 1, so that every tap of a thread's windows and
// inputs is known when the kernel is compiled.
#pragma once

#include <array>
#include <optional>
#include <type_traits>

#include "cuda/channel_tiles.cuh"
#include "engine/ops/pool.h"

namespace unmask {

template <class T, int width>
constexpr bool is_stem_pack = width == 8 && std::is_same_v<T, BFloat16>;

// Blocks: tiles of channels, strips of `lanes` windows and rows of windows in x, so that rows that are read
// twice are so soon; the images in y.
struct StemGrid {
    int out_height, out_width, channels;
    unsigned images, strips, tiles;

    // Nothing where the pooling is another, or there are more images than a grid has blocks.
    static std::optional<StemGrid> of(const Tensor& x, const Tensor& y, const Pool2dParams& pool,
                                      const ChannelTiles& tiles) {
        const std::array<int, 2> three{3, 3}, two{2, 2}, one{1, 1};
        const StemGrid result{static_cast<int>(y.dim(1)),        static_cast<int>(y.dim(2)),
                              static_cast<int>(y.dim(3)),        static_cast<unsigned>(y.dim(0)),
                              blocks_for(y.dim(2), tiles.lanes), tiles.tiles};
        if (pool.kernel != three || pool.stride != two || pool.padding != one || x.dim(1) != 2 * y.dim(1) ||
            x.dim(2) != 2 * y.dim(2) || y.dim(0) > 65535)
            return std::nullopt;
        return result;
    }
    [[nodiscard]] dim3 grid(unsigned branches) const {
        return dim3(blocks_for(int64_t{out_height} * strips * tiles, 1), images, branches);
    }
};

// A thread's window and its first channel.
struct StemPlace {
    int64_t image;
    int row, column, channel;
    bool inside;

    __device__ StemPlace(const StemGrid& grid, int width) {
        const unsigned strip = blockIdx.x / grid.tiles, line = strip / grid.strips;
        image = blockIdx.y;
        row = static_cast<int>(line);
        column = static_cast<int>((strip - line * grid.strips) * blockDim.y + threadIdx.y);
        channel = static_cast<int>((blockIdx.x - strip * grid.tiles) * blockDim.x + threadIdx.x) * width;
        inside = column < grid.out_width && channel < grid.channels;
    }
};

}  // namespace unmask
