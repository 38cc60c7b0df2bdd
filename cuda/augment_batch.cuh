// SPDX-License-Identifier: Apache-2.0
// What the kernels of the augment slot share: the batch and its scratch memory, which stages happen where,
// and reading and writing pixels.
#pragma once

#include "cuda/device.cuh"
#include "engine/ops/augment_pixel.h"

namespace unmask {

struct AugmentBatch {
    int width, height;
    const uint8_t* pixels;  // [N, height, width, 3]
    const AugmentationDraw* draws;
    const float* quantiles;
    // Scratch. Halved chroma as decoded: [N, 2, (height + 1) / 2, (width + 1) / 2]; pictures behind JPEG and
    // noise, and behind the blur: [N, height, width, 3] each.
    uint8_t *chroma, *damaged, *blurred;
    int* pca;  // [N, 3]: the pictures' pca_step, where they have that stage

    __device__ int64_t picture(int64_t sample) const { return sample * height * width * 3; }
};

// A grid of one tile of one picture a thread block.
struct Tiling {
    int width, height;  // of a tile
    int across, down;   // tiles of a picture
    Tiling(int columns, int rows, int tile_width, int tile_height)
        : width(tile_width),
          height(tile_height),
          across((columns + tile_width - 1) / tile_width),
          down((rows + tile_height - 1) / tile_height) {}
    unsigned blocks(int64_t pictures) const { return blocks_for(pictures * across * down, 1); }
};
// The thread block's.
struct Tile {
    int64_t sample;
    int left, top;
    __device__ explicit Tile(const Tiling& tiling) {
        const auto tiles = static_cast<unsigned>(tiling.across * tiling.down);
        sample = blockIdx.x / tiles;
        const int tile = static_cast<int>(blockIdx.x % tiles);
        left = tile % tiling.across * tiling.width;
        top = tile / tiling.across * tiling.height;
    }
};

__device__ inline bool halves_chroma(const AugmentationDraw& draw) {
    return has_stage(draw, jpeg_stage) && jpeg_halves_chroma(draw.jpeg_quality);
}
// Whether the pass of JPEG and noise writes the picture. It changes the colours too, once a pixel, where the
// affine stage would else do so for each of the four pixels that it reads.
__device__ inline bool is_damaged(const AugmentationDraw& draw) {
    return has_stage(draw, jpeg_stage | noise_stage) ||
           (has_stage(draw, affine_stage) && has_stage(draw, colour_stages) && !has_stage(draw, blur_stage));
}

// The colour stages of a picture.
__device__ inline Pixel change_colour(Pixel pixel, const AugmentBatch& batch, int64_t sample) {
    const AugmentationDraw& draw = batch.draws[sample];
    const int* step = batch.pca + 3 * sample;
    return change_colour(pixel, draw,
                         has_stage(draw, pca_colour_stage) ? Pixel{step[0], step[1], step[2]} : Pixel{});
}

__device__ inline Pixel load_pixel(const uint8_t* from) {
    return {from[0], from[1], from[2]};
}
__device__ inline void store_pixel(uint8_t* to, Pixel pixel) {
    to[0] = static_cast<uint8_t>(pixel.red);
    to[1] = static_cast<uint8_t>(pixel.green);
    to[2] = static_cast<uint8_t>(pixel.blue);
}

__device__ inline int at_most(int value, int last) {
    return value < last ? value : last;
}
__device__ inline int clamped(int value, int last) {
    return value < 0 ? 0 : at_most(value, last);
}

}  // namespace unmask
