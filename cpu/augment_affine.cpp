// SPDX-License-Identifier: Apache-2.0
// Shift, scale and rotation about the centre, sampled bilinearly; what comes from outside repeats the nearest
// edge pixel. A row's places are computed in one loop, in vectors, and its pixels in a second, the three
// channels of a pixel side by side: the arithmetic of AffineSource::between.
#include <cstring>
#include <vector>

#include "cpu/augment_picture.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {
namespace {

typedef uint8_t Bytes __attribute__((vector_size(4)));
typedef int Ints __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));

// Three channels and the byte behind them.
Floats load(const uint8_t* pixel) {
    Bytes bytes;
    std::memcpy(&bytes, pixel, sizeof(bytes));
    return __builtin_convertvector(__builtin_convertvector(bytes, Ints), Floats);
}

struct Row {
    explicit Row(size_t width)
        : left(width), right(width), top(width), bottom(width), to_right(width), to_bottom(width) {}
    std::vector<int> left, right, top, bottom;
    std::vector<float> to_right, to_bottom;
};

void find_sources(const AugmentationDraw& draw, int y, int width, int height, Row& row) {
    int *left = row.left.data(), *right = row.right.data(), *top = row.top.data(),
        *bottom = row.bottom.data();
    float *to_right = row.to_right.data(), *to_bottom = row.to_bottom.data();
#pragma omp simd
    for (int x = 0; x < width; ++x) {
        const AffineSource from = affine_source(draw, x, y, width, height);
        left[x] = from.left;
        right[x] = from.right;
        top[x] = from.top;
        bottom[x] = from.bottom;
        to_right[x] = from.to_right;
        to_bottom[x] = from.to_bottom;
    }
}

}  // namespace

void apply_affine(const PictureView& picture, const AugmentationDraw& draw) {
    const int width = picture.width, height = picture.height;
    std::vector<uint8_t> copy(picture.values() + 1);  // and the byte behind the last pixel
    std::memcpy(copy.data(), picture.pixels, picture.values());
    const PictureView source{copy.data(), width, height};
    Row row(static_cast<size_t>(width));
    const AugmentationDraw own = draw;  // not aliased by what the loop writes
    for (int y = 0; y < height; ++y) {
        find_sources(own, y, width, height, row);
        uint8_t* out = picture.at(0, y);
        for (size_t x = 0; x < static_cast<size_t>(width); ++x, out += 3) {
            const Floats a = load(source.at(row.left[x], row.top[x])),
                         b = load(source.at(row.right[x], row.top[x])),
                         c = load(source.at(row.left[x], row.bottom[x])),
                         d = load(source.at(row.right[x], row.bottom[x]));
            const Floats above = a + row.to_right[x] * (b - a), below = c + row.to_right[x] * (d - c);
            const Floats value = above + row.to_bottom[x] * (below - above);
            // round_to_byte; between four bytes there is nothing to clamp but a rounding error.
            const Floats positive = value < 0.0f ? Floats{} : value;
            const Floats bounded = positive > 255.0f ? Floats{} + 255.0f : positive;
            const Ints whole = __builtin_convertvector(bounded, Ints);
            const Ints level = whole - (bounded - __builtin_convertvector(whole, Floats) >= 0.5f);
            const Bytes bytes = __builtin_convertvector(level, Bytes);
            std::memcpy(out, &bytes, 3);
        }
    }
}

}  // namespace unmask
