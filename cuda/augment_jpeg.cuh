// SPDX-License-Identifier: Apache-2.0
// The JPEG stage: 8 × 8 blocks in shared memory, 8 threads each. A thread transforms a column; then a row
// forth, to levels and back; then a column again.
#pragma once

#include "cuda/augment_batch.cuh"
#include "engine/ops/jpeg_block.h"

namespace unmask {

// Words from one block, and one row of a block, to the next: 32 neighbouring threads meet 32 banks both along
// rows and along columns.
constexpr int jpeg_block_words = 72, jpeg_row_words = 9;

__device__ const JpegTables device_jpeg_tables = jpeg_tables;

// Codes and decodes `units` blocks of samples less 128; the first `luma_units` of them are luma. All threads
// of the thread block call it, 128 at least; `samples` must be complete (a barrier) before, and is after.
template <int threads>
__device__ void jpeg_damage(int* samples, int units, int luma_units, int quality) {
    UNMASK_SHARED(int, steps, 128);  // of luma and chroma
    UNMASK_SHARED(float, inverses, 128);
    if (threadIdx.x < 128) {
        const int step = jpeg_step(device_jpeg_tables.entries[threadIdx.x / 64][threadIdx.x % 64], quality);
        steps[threadIdx.x] = step;
        inverses[threadIdx.x] = 1.0f / static_cast<float>(8 * step);
    }
    const int lane = static_cast<int>(threadIdx.x) % 8;
    const int first = static_cast<int>(threadIdx.x) / 8;
    int v[8];
    const auto column_pass = [&](auto transform) {
        for (int unit = first; unit < units; unit += threads / 8) {
            int* column = samples + unit * jpeg_block_words + lane;
#pragma unroll
            for (int i = 0; i < 8; ++i) v[i] = column[i * jpeg_row_words];
            transform();
#pragma unroll
            for (int i = 0; i < 8; ++i) column[i * jpeg_row_words] = v[i];
        }
        __syncthreads();
    };
    column_pass([&] { jpeg_forward_transform<true>(v); });
    for (int unit = first; unit < units; unit += threads / 8) {
        int* row = samples + unit * jpeg_block_words + lane * jpeg_row_words;
        const int entry = (unit < luma_units ? 0 : 64) + lane * 8;
#pragma unroll
        for (int i = 0; i < 8; ++i) v[i] = row[i];
        jpeg_forward_transform<false>(v);
#pragma unroll
        for (int i = 0; i < 8; ++i) v[i] = jpeg_requantise(v[i], steps[entry + i], inverses[entry + i]);
        jpeg_inverse_transform<true>(v);
#pragma unroll
        for (int i = 0; i < 8; ++i) row[i] = v[i];
    }
    __syncthreads();
    column_pass([&] { jpeg_inverse_transform<false>(v); });
}

// ---- halved chroma: a pass of its own, since enlarging it reads across the borders of blocks ----

constexpr int chroma_threads = 128;
constexpr int chroma_tile_width = 32, chroma_tile_height = 16;  // samples; 8 blocks of each channel

__global__ void halved_chroma_kernel(AugmentBatch batch, Tiling tiling) {
    const auto [sample, left, top] = Tile(tiling);
    const AugmentationDraw& draw = batch.draws[sample];
    if (!halves_chroma(draw)) return;
    UNMASK_SHARED(int, samples, 16 * jpeg_block_words);
    const int columns = (batch.width + 1) / 2, rows = (batch.height + 1) / 2;
    const uint8_t* picture = batch.pixels + batch.picture(sample);
    const auto word = [](int x, int y) {
        return (y / 8 * (chroma_tile_width / 8) + x / 8) * jpeg_block_words + y % 8 * jpeg_row_words + x % 8;
    };
    constexpr int area = chroma_tile_width * chroma_tile_height;
    for (int i = static_cast<int>(threadIdx.x); i < area; i += chroma_threads) {
        const int x = i % chroma_tile_width, y = i / chroma_tile_width;
        int cb = 0, cr = 0;
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            const int from_x = at_most(2 * (left + x) + k % 2, batch.width - 1);
            const int from_y = at_most(2 * (top + y) + k / 2, batch.height - 1);
            const Pixel pixel =
                load_pixel(picture + (static_cast<int64_t>(from_y) * batch.width + from_x) * 3);
            cb += jpeg_cb(pixel.red, pixel.green, pixel.blue);
            cr += jpeg_cr(pixel.red, pixel.green, pixel.blue);
        }
        samples[word(x, y)] = jpeg_halved(cb, left + x) - 128;
        samples[8 * jpeg_block_words + word(x, y)] = jpeg_halved(cr, left + x) - 128;
    }
    __syncthreads();
    jpeg_damage<chroma_threads>(samples, 16, 0, draw.jpeg_quality);
    uint8_t* out = batch.chroma + sample * 2 * rows * columns;
    for (int i = static_cast<int>(threadIdx.x); i < area; i += chroma_threads) {
        const int x = i % chroma_tile_width, y = i / chroma_tile_width;
        if (left + x >= columns || top + y >= rows) continue;
        const int64_t place = static_cast<int64_t>(top + y) * columns + left + x;
        out[place] = static_cast<uint8_t>(jpeg_clamp(samples[word(x, y)] + 128));
        out[static_cast<int64_t>(rows) * columns + place] =
            static_cast<uint8_t>(jpeg_clamp(samples[8 * jpeg_block_words + word(x, y)] + 128));
    }
}

// The enlarged chroma of pixel (x, y) from one channel's plane.
__device__ inline int enlarged_chroma(const uint8_t* plane, int columns, int rows, int x, int y) {
    const int near_x = x / 2, near_y = y / 2;
    const int far_x = clamped(near_x + (x % 2 == 0 ? -1 : 1), columns - 1);
    const int far_y = clamped(near_y + (y % 2 == 0 ? -1 : 1), rows - 1);
    const uint8_t *near_row = plane + static_cast<int64_t>(near_y) * columns,
                  *far_row = plane + static_cast<int64_t>(far_y) * columns;
    return jpeg_enlarged(near_row[near_x], near_row[far_x], far_row[near_x], far_row[far_x]);
}

}  // namespace unmask
