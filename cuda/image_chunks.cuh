// SPDX-License-Identifier: Apache-2.0
// How blocks cover maps [N, H, W, C] where the images are told apart: chunks of an image's pixels, tiles of
// channels.
#pragma once

#include "cuda/channel_tiles.cuh"

namespace unmask {

// Blocks in x: the chunks of the first image's pixels, then the next image's; in y: tiles of channels.
struct ImageChunks {
    int64_t pixels;
    unsigned count;  // of an image
    int64_t size;    // pixels of a chunk
    int channels;

    ImageChunks(const Tensor& x, int64_t wanted)
        : pixels(x.dim(1) * x.dim(2)), channels(static_cast<int>(x.dim(3))) {
        size = (pixels + wanted - 1) / wanted;
        count = static_cast<unsigned>((pixels + size - 1) / size);
    }
    // Where each pixel is for itself: eight for a thread, if there are as many.
    static ImageChunks for_pixels(const Tensor& x, const ChannelTiles& tiles) {
        return {x, std::max<int64_t>(x.dim(1) * x.dim(2) / (tiles.lanes * 8), 1)};
    }
    // Where the pixels are summed: as few as keep the GPU busy, since what several leave has to be added up;
    // whatever the number of branches, so that each has the bytes that it has alone. Of kernels of which two
    // blocks are on a multiprocessor: the fewest with which their last turn is nearly full.
    static ImageChunks for_sums(const Tensor& x, const ChannelTiles& tiles) {
        constexpr int64_t at_once = 2 * multiprocessors;
        constexpr double enough = 0.85;  // of the places in all turns
        const int64_t most = std::max<int64_t>(x.dim(1) * x.dim(2) / (tiles.lanes * 4), 1);
        const int64_t blocks = std::max<int64_t>(x.dim(0) * tiles.tiles, 1);  // of one chunk an image
        int64_t best = 1;
        double fullest = 0.0;
        for (int64_t count = 1; count <= most && fullest < enough; ++count) {
            const int64_t all = blocks * count, turns = (all + at_once - 1) / at_once;
            const double full = static_cast<double>(all) / static_cast<double>(turns * at_once);
            if (full <= fullest) continue;
            best = count;
            fullest = full;
        }
        return {x, best};
    }
    [[nodiscard]] dim3 grid(int64_t images, const ChannelTiles& tiles, unsigned branches = 1) const {
        return dim3(blocks_for(images * count, 1), tiles.tiles, branches);
    }
    __device__ int64_t image() const { return blockIdx.x / count; }
    __device__ int64_t begin() const { return blockIdx.x % count * size; }
    __device__ int64_t end() const { return begin() + size < pixels ? begin() + size : pixels; }
};

}  // namespace unmask
