// SPDX-License-Identifier: Apache-2.0
// The blur and, behind it, the colour stages: a tile's rows are blurred along x into shared memory, with as
// many rows above and below as the blur along y reads. Pictures without blur are left alone.
#pragma once

#include "cuda/augment_batch.cuh"

namespace unmask {

constexpr int blur_tile_width = 16, blur_tile_height = 32, blur_threads = 256;

__global__ void __launch_bounds__(blur_threads) blur_kernel(AugmentBatch batch, Tiling tiling) {
    const auto [sample, left, top] = Tile(tiling);
    const AugmentationDraw& draw = batch.draws[sample];
    if (!has_stage(draw, blur_stage)) return;
    UNMASK_SHARED(float, lines, (blur_tile_height + 2 * max_blur_radius) * blur_tile_width * 3);
    const int radius = draw.blur_radius;
    const uint8_t* source = (is_damaged(draw) ? batch.damaged : batch.pixels) + batch.picture(sample);
    const int reach = (blur_tile_height + 2 * radius) * blur_tile_width;
    for (int i = static_cast<int>(threadIdx.x); i < reach; i += blur_threads) {
        const int x = left + i % blur_tile_width,
                  y = clamped(top - radius + i / blur_tile_width, batch.height - 1);
        const uint8_t* row = source + static_cast<int64_t>(y) * batch.width * 3;
        float red = 0.0f, green = 0.0f, blue = 0.0f;
        for (int k = -radius; k <= radius; ++k) {
            const float weight = draw.blur_weights[k < 0 ? -k : k];
            const Pixel pixel = load_pixel(row + clamped(x + k, batch.width - 1) * 3);
            red += weight * static_cast<float>(pixel.red);
            green += weight * static_cast<float>(pixel.green);
            blue += weight * static_cast<float>(pixel.blue);
        }
        lines[3 * i] = red;
        lines[3 * i + 1] = green;
        lines[3 * i + 2] = blue;
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < blur_tile_width * blur_tile_height; i += blur_threads) {
        const int x = left + i % blur_tile_width, y = top + i / blur_tile_width;
        if (x >= batch.width || y >= batch.height) continue;
        float red = 0.0f, green = 0.0f, blue = 0.0f;
        for (int k = -radius; k <= radius; ++k) {
            const float weight = draw.blur_weights[k < 0 ? -k : k];
            const float* line = lines + 3 * (i + (radius + k) * blur_tile_width);
            red += weight * line[0];
            green += weight * line[1];
            blue += weight * line[2];
        }
        const Pixel pixel{round_to_byte(red), round_to_byte(green), round_to_byte(blue)};
        store_pixel(batch.blurred + batch.picture(sample) + (static_cast<int64_t>(y) * batch.width + x) * 3,
                    change_colour(pixel, batch, sample));
    }
}

}  // namespace unmask
