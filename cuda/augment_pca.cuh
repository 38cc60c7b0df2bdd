// SPDX-License-Identifier: Apache-2.0
// What the PCA colour stage adds to a picture: whole-number sums over its pixels, by one block a picture,
// added up in a fixed tree. Pictures without that stage are left alone.
#pragma once

#include "cuda/augment_batch.cuh"

namespace unmask {

constexpr int pca_threads = 256, pca_sums = 9;

__global__ void __launch_bounds__(pca_threads) pca_kernel(AugmentBatch batch) {
    const int64_t sample = blockIdx.x;
    const AugmentationDraw& draw = batch.draws[sample];
    if (!has_stage(draw, pca_colour_stage)) return;
    UNMASK_SHARED(int64_t, partial, pca_threads * pca_sums);
    const int64_t area = static_cast<int64_t>(batch.width) * batch.height;
    const uint8_t* picture = batch.pixels + batch.picture(sample);
    const int thread = static_cast<int>(threadIdx.x);
    int64_t own[pca_sums] = {};
    for (int64_t i = thread; i < area; i += pca_threads) {
        const Pixel pixel = load_pixel(picture + i * 3);
        const int terms[pca_sums] = {pixel.red,
                                     pixel.green,
                                     pixel.blue,
                                     pixel.red * pixel.red,
                                     pixel.green * pixel.green,
                                     pixel.blue * pixel.blue,
                                     pixel.red * pixel.green,
                                     pixel.red * pixel.blue,
                                     pixel.green * pixel.blue};
#pragma unroll
        for (int k = 0; k < pca_sums; ++k) own[k] += terms[k];
    }
#pragma unroll
    for (int k = 0; k < pca_sums; ++k) partial[k * pca_threads + thread] = own[k];
    for (int half = pca_threads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half)
            for (int k = 0; k < pca_sums; ++k)
                partial[k * pca_threads + thread] += partial[k * pca_threads + thread + half];
    }
    if (thread != 0) return;
    const auto sum = [&](int k) { return partial[k * pca_threads]; };
    const Pixel step = pca_step({sum(0), sum(1), sum(2), sum(3), sum(4), sum(5), sum(6), sum(7), sum(8)},
                                area, draw.pca_weights);
    batch.pca[3 * sample] = step.red;
    batch.pca[3 * sample + 1] = step.green;
    batch.pca[3 * sample + 2] = step.blue;
}

}  // namespace unmask
