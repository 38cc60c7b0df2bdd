// SPDX-License-Identifier: Apache-2.0
// Augmentation in one pass over the pictures where nothing but flip, colour, shift, scale, rotation and mixup
// was drawn, since those need no neighbour's result; passes before it for the others:
//     pca             pictures with PCA colour: pixels → what is added to them
//     halved chroma   pictures with JPEG at 4:2:0: pixels → chroma
//     damage          JPEG and noise (and colours, where the affine stage follows): pixels, chroma → damaged
//     blur            pixels or damaged → blurred
//     compose         all: pixels, damaged or blurred → y
// Bytes a picture of A pixels, with C channels of s bytes: the floor is 3A read and C·s·A written, 0.95 MB at
// 224 × 224 in bf16 with 8 channels, and is what compose alone moves. Damage adds 3A read and 3A written,
// halved chroma 3.5A read (mostly from the cache, as is 0.5A of it in damage) and 0.5A written, the blur 6A.
// With the default probabilities, weighted by how often each pass runs: 0.95 + 0.2 (damage) + 0.07 (chroma) +
// 0.02 (blur) MB, and mixup reads each picture twice.
#include "engine/ops/augment.h"

#include "cuda/augment_blur.cuh"
#include "cuda/augment_damage.cuh"
#include "cuda/augment_pca.cuh"

namespace unmask {
namespace {

// Pixel (x, y) of the picture behind all its stages.
__device__ Pixel augmented_pixel(const AugmentBatch& batch, int64_t sample, int x, int y) {
    const AugmentationDraw& draw = batch.draws[sample];
    const bool blurred = has_stage(draw, blur_stage), damaged = is_damaged(draw);
    const uint8_t* source = (blurred   ? batch.blurred
                             : damaged ? static_cast<const uint8_t*>(batch.damaged)
                                       : batch.pixels) +
                            batch.picture(sample);
    const auto read = [&](int column, int row) {
        if (has_stage(draw, flip_stage)) column = batch.width - 1 - column;
        return load_pixel(source + (static_cast<int64_t>(row) * batch.width + column) * 3);
    };
    if (!has_stage(draw, affine_stage)) {
        const Pixel pixel = read(x, y);
        return blurred || damaged ? pixel : change_colour(pixel, batch, sample);
    }
    const AffineSource from = affine_source(draw, x, y, batch.width, batch.height);
    const Pixel a = read(from.left, from.top), b = read(from.right, from.top);
    const Pixel c = read(from.left, from.bottom), d = read(from.right, from.bottom);
    return {from.between(a.red, b.red, c.red, d.red), from.between(a.green, b.green, c.green, d.green),
            from.between(a.blue, b.blue, c.blue, d.blue)};
}

struct Mixup {
    const int64_t* wide_partner;  // one of the two, or neither
    const int32_t* partner;
    const float* lambda;
};

// A warp for 32 pixels of a row, a block for 8 such rows, since the affine stage reads squares.
constexpr int compose_width = 32, compose_height = block_threads / compose_width;

// A pixel a thread: T y[channels].
template <class T, int channels>
__global__ void __launch_bounds__(block_threads)
    compose_kernel(AugmentBatch batch, Tiling tiling, Mixup mixup, NormalisationScale norm, T* y) {
    const auto [sample, left, top] = Tile(tiling);
    const int column = left + static_cast<int>(threadIdx.x) % compose_width,
              row = top + static_cast<int>(threadIdx.x) / compose_width;
    if (column >= batch.width || row >= batch.height) return;
    Pack<float, 4> values;  // the fourth is the padding's 0
    values[3] = 0.0f;
    const auto normalise = [&](Pixel pixel, int c) {
        const int value = c == 0 ? pixel.red : c == 1 ? pixel.green : pixel.blue;
        return static_cast<float>(value) * norm.scale[c] + norm.shift[c];
    };
    const Pixel own = augmented_pixel(batch, sample, column, row);
#pragma unroll
    for (int c = 0; c < 3; ++c) values[c] = normalise(own, c);
    if (mixup.lambda != nullptr && *mixup.lambda != 1.0f) {
        const float share = *mixup.lambda;
        const int64_t other = mixup.partner != nullptr ? mixup.partner[sample] : mixup.wide_partner[sample];
        const Pixel pixel = augmented_pixel(batch, other, column, row);
#pragma unroll
        for (int c = 0; c < 3; ++c) values[c] = share * values[c] + (1.0f - share) * normalise(pixel, c);
    }
    T* out = y + ((sample * batch.height + row) * batch.width + column) * channels;
    if constexpr (channels == 3) {
#pragma unroll
        for (int c = 0; c < 3; ++c) out[c] = from_float<T>(values[c]);
    } else {
#pragma unroll
        for (int first = 0; first < channels; first += static_cast<int>(16 / sizeof(T))) {
            constexpr int width = static_cast<int>(std::min<size_t>(channels, 16 / sizeof(T)));
            Pack<T, width> pack;
#pragma unroll
            for (int i = 0; i < width; ++i) pack[i] = from_float<T>(values[first + i < 3 ? i : 3]);
            store_pack<width>(out + first, pack);
        }
    }
}

void forward(const Tensor& pixels, const Tensor& draws, Tensor& y, const AugmentParams& params) {
    const int64_t count = pixels.dim(0);
    const int height = static_cast<int>(pixels.dim(1)), width = static_cast<int>(pixels.dim(2));
    const Stream stream = stream_of(pixels);
    const Device device = pixels.device();
    const Tensor chroma = Tensor::empty({count, 2, (height + 1) / 2, (width + 1) / 2}, DType::u8, device);
    const Tensor damaged = Tensor::empty(pixels.shape(), DType::u8, device);
    const Tensor blurred = Tensor::empty(pixels.shape(), DType::u8, device);
    const Tensor pca = Tensor::empty({count, 3}, DType::i32, device);
    const AugmentBatch batch{.width = width,
                             .height = height,
                             .pixels = pixels.data<uint8_t>(),
                             .draws = reinterpret_cast<const AugmentationDraw*>(draws.data<uint8_t>()),
                             .quantiles = params.quantiles.data<float>(),
                             .chroma = chroma.data<uint8_t>(),
                             .damaged = damaged.data<uint8_t>(),
                             .blurred = blurred.data<uint8_t>(),
                             .pca = pca.data<int32_t>()};
    UNMASK_LAUNCH(pca_kernel, blocks_for(count, 1), pca_threads, 0, stream, batch);
    const Tiling chroma_tiling((width + 1) / 2, (height + 1) / 2, chroma_tile_width, chroma_tile_height);
    UNMASK_LAUNCH(halved_chroma_kernel, chroma_tiling.blocks(count), chroma_threads, 0, stream, batch,
                  chroma_tiling);
    const Tiling damage_tiling(width, height, damage_tile, damage_tile);
    UNMASK_LAUNCH(damage_kernel, damage_tiling.blocks(count), damage_threads, 0, stream, batch,
                  damage_tiling);
    const Tiling blur_tiling(width, height, blur_tile_width, blur_tile_height);
    UNMASK_LAUNCH(blur_kernel, blur_tiling.blocks(count), blur_threads, 0, stream, batch, blur_tiling);
    Mixup mixup{};
    if (params.partner.defined()) {
        mixup.lambda = params.lambda.data<float>();
        if (params.partner.dtype() == DType::i32)
            mixup.partner = params.partner.data<int32_t>();
        else
            mixup.wide_partner = params.partner.data<int64_t>();
    }
    UNMASK_ASSERT(y.dim(3) == 3 || is_aligned(y.raw(), 16));
    const NormalisationScale norm = normalisation_scale(params.mean, params.deviation);
    const Tiling tiling(width, height, compose_width, compose_height);
    dispatch_storage(augment_forward.name(), y, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto channels) {
            UNMASK_LAUNCH((compose_kernel<T, channels()>), tiling.blocks(count), block_threads, 0, stream,
                          batch, tiling, mixup, norm, y.data<T>());
        };
        if (y.dim(3) == 3)
            run(std::integral_constant<int, 3>{});
        else if (y.dim(3) == 4)
            run(std::integral_constant<int, 4>{});
        else
            run(std::integral_constant<int, 8>{});
    });
}

const KernelEntry forward_entry{augment_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
