// SPDX-License-Identifier: Apache-2.0
// Shift, scale and rotation about the centre, sampled bilinearly; what comes from outside repeats the nearest
// edge pixel. Three loops: a row's places, its pixels (the channels of a pixel side by side, with the
// arithmetic of AffineSource::between), and their rounding.
#include <cstring>
#include <vector>

#include "cpu/augment_picture.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {
namespace {

typedef float Floats __attribute__((vector_size(16)));

// The picture as four floats a pixel, the fourth 0. Memory that the thread keeps: taking it from the system
// for every picture would cost as much as filling it.
const float* widened(const PictureView& picture) {
    thread_local std::vector<float> values;
    const size_t area = picture.values() / 3;
    if (values.size() < 4 * area) values.resize(4 * area);
    float* out = values.data();
    const uint8_t* in = picture.pixels;
#pragma omp simd
    for (size_t i = 0; i < area; ++i) {
        out[4 * i] = in[3 * i];
        out[4 * i + 1] = in[3 * i + 1];
        out[4 * i + 2] = in[3 * i + 2];
        out[4 * i + 3] = 0;
    }
    return out;
}

// Of each pixel of a row: where its four sources begin among the widened values (fewer than 2^31: a side
// has at most 16384 pixels, a picture at most 200 million), and how far it lies between them.
struct Row {
    explicit Row(size_t width)
        : top_left(width),
          top_right(width),
          bottom_left(width),
          bottom_right(width),
          to_right(width),
          to_bottom(width) {}
    std::vector<int> top_left, top_right, bottom_left, bottom_right;
    std::vector<float> to_right, to_bottom;
};

void find_sources(const AugmentationDraw& draw, int y, int width, int height, Row& row) {
    int *top_left = row.top_left.data(), *top_right = row.top_right.data();
    int *bottom_left = row.bottom_left.data(), *bottom_right = row.bottom_right.data();
    float *to_right = row.to_right.data(), *to_bottom = row.to_bottom.data();
#pragma omp simd
    for (int x = 0; x < width; ++x) {
        const AffineSource from = affine_source(draw, x, y, width, height);
        const int top = from.top * width, bottom = from.bottom * width;
        top_left[x] = 4 * (top + from.left);
        top_right[x] = 4 * (top + from.right);
        bottom_left[x] = 4 * (bottom + from.left);
        bottom_right[x] = 4 * (bottom + from.right);
        to_right[x] = from.to_right;
        to_bottom[x] = from.to_bottom;
    }
}

Floats load(const float* from) {
    Floats values;
    std::memcpy(&values, from, sizeof(values));
    return values;
}

}  // namespace

void apply_affine(const PictureView& picture, const AugmentationDraw& draw) {
    const int width = picture.width, height = picture.height;
    const auto columns = static_cast<size_t>(width);
    const float* source = widened(picture);
    Row row(columns);
    std::vector<float> line(4 * columns);
    const AugmentationDraw own = draw;  // not aliased by what the loops write
    for (int y = 0; y < height; ++y) {
        find_sources(own, y, width, height, row);
        for (size_t x = 0; x < columns; ++x) {
            const Floats a = load(source + row.top_left[x]), b = load(source + row.top_right[x]),
                         c = load(source + row.bottom_left[x]), d = load(source + row.bottom_right[x]);
            const Floats above = a + row.to_right[x] * (b - a), below = c + row.to_right[x] * (d - c);
            const Floats value = above + row.to_bottom[x] * (below - above);
            std::memcpy(&line[4 * x], &value, sizeof(value));
        }
        uint8_t* out = picture.at(0, y);
        const float* values = line.data();
#pragma omp simd
        for (size_t x = 0; x < columns; ++x)
            for (size_t c = 0; c < 3; ++c)
                out[3 * x + c] = static_cast<uint8_t>(round_to_byte(values[4 * x + c]));
    }
}

}  // namespace unmask
