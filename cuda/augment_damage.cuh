// SPDX-License-Identifier: Apache-2.0
// The pass of JPEG and noise, and of the colour stages where no blur comes between: from the pictures to the
// scratch, tile by tile. Pictures without these stages are left alone.
#pragma once

#include "cuda/augment_jpeg.cuh"

namespace unmask {

constexpr int damage_tile = 32;  // pixels along each side; 16 blocks of each channel
constexpr int damage_threads = 256;

// The noise of the three values of pixel `place` of the picture: two neighbouring words, mostly of one block.
__device__ inline Pixel noisy(Pixel pixel, int64_t place, const AugmentationDraw& draw,
                              const float* quantiles) {
    const Philox philox(draw.noise_key);
    const uint64_t first = static_cast<uint64_t>(3 * place), element = draw.noise_element + first / 2;
    const PhiloxBlock words = philox.block(draw.noise_step, element / 4);
    uint32_t low = 0, high = 0;
    switch (element % 4) {
        case 0:
            low = words[0], high = words[1];
            break;
        case 1:
            low = words[1], high = words[2];
            break;
        case 2:
            low = words[2], high = words[3];
            break;
        default:
            low = words[3], high = philox.block(draw.noise_step, element / 4 + 1)[0];
    }
    // The value at an even place takes the lower half of its word.
    const bool odd = first % 2 != 0;
    const uint32_t red = odd ? low >> 16 : low, green = odd ? high : low >> 16,
                   blue = odd ? high >> 16 : high;
    return {add_noise(pixel.red, draw.noise_deviation, quantiles[red & 4095u]),
            add_noise(pixel.green, draw.noise_deviation, quantiles[green & 4095u]),
            add_noise(pixel.blue, draw.noise_deviation, quantiles[blue & 4095u])};
}

__global__ void __launch_bounds__(damage_threads) damage_kernel(AugmentBatch batch, Tiling tiling) {
    const auto [sample, left, top] = Tile(tiling);
    const AugmentationDraw& draw = batch.draws[sample];
    if (!is_damaged(draw)) return;
    constexpr int area = damage_tile * damage_tile, units = area / 64, channel = units * jpeg_block_words;
    UNMASK_SHARED(int, samples, 3 * channel);
    const uint8_t* picture = batch.pixels + batch.picture(sample);
    const bool jpeg = has_stage(draw, jpeg_stage), halved = halves_chroma(draw);
    const auto word = [](int x, int y) {
        return (y / 8 * (damage_tile / 8) + x / 8) * jpeg_block_words + y % 8 * jpeg_row_words + x % 8;
    };
    if (jpeg) {
        for (int i = static_cast<int>(threadIdx.x); i < area; i += damage_threads) {
            const int x = i % damage_tile, y = i / damage_tile;
            const int64_t row = at_most(top + y, batch.height - 1);
            const Pixel pixel =
                load_pixel(picture + (row * batch.width + at_most(left + x, batch.width - 1)) * 3);
            int* place = samples + word(x, y);
            place[0] = jpeg_luma(pixel.red, pixel.green, pixel.blue) - 128;
            if (halved) continue;
            place[channel] = jpeg_cb(pixel.red, pixel.green, pixel.blue) - 128;
            place[2 * channel] = jpeg_cr(pixel.red, pixel.green, pixel.blue) - 128;
        }
        __syncthreads();
        jpeg_damage<damage_threads>(samples, halved ? units : 3 * units, units, draw.jpeg_quality);
    }
    const int columns = (batch.width + 1) / 2, rows = (batch.height + 1) / 2;
    const uint8_t* chroma = batch.chroma + sample * 2 * rows * columns;
    for (int i = static_cast<int>(threadIdx.x); i < area; i += damage_threads) {
        const int x = left + i % damage_tile, y = top + i / damage_tile;
        if (x >= batch.width || y >= batch.height) continue;
        const int64_t place = static_cast<int64_t>(y) * batch.width + x;
        Pixel pixel;
        if (jpeg) {
            const int* decoded = samples + word(x - left, y - top);
            const int luma = jpeg_clamp(decoded[0] + 128);
            int cb = 0, cr = 0;  // less 128
            if (halved) {
                cb = enlarged_chroma(chroma, columns, rows, x, y) - 128;
                cr =
                    enlarged_chroma(chroma + static_cast<int64_t>(rows) * columns, columns, rows, x, y) - 128;
            } else {
                cb = jpeg_clamp(decoded[channel] + 128) - 128;
                cr = jpeg_clamp(decoded[2 * channel] + 128) - 128;
            }
            pixel = {jpeg_red(luma, cr), jpeg_green(luma, cb, cr), jpeg_blue(luma, cb)};
        } else {
            pixel = load_pixel(picture + place * 3);
        }
        if (has_stage(draw, noise_stage)) pixel = noisy(pixel, place, draw, batch.quantiles);
        if (!has_stage(draw, blur_stage)) pixel = change_colour(pixel, batch, sample);
        store_pixel(batch.damaged + batch.picture(sample) + place * 3, pixel);
    }
}

}  // namespace unmask
