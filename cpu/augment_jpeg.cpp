// SPDX-License-Identifier: Apache-2.0
// What compression as a baseline JPEG does to a picture, without the coding: see engine/ops/jpeg_block.h.
// Eight columns of a block are transformed side by side in vectors.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "cpu/augment_picture.h"
#include "engine/ops/jpeg_block.h"

namespace unmask {
namespace {

typedef int Lanes __attribute__((vector_size(32)));
typedef uint8_t Bytes __attribute__((vector_size(8)));

// One channel, whole blocks: what lies beyond the picture repeats its edge.
struct Plane {
    int width, height;  // multiples of 8
    std::vector<uint8_t> samples;
    Plane(int columns, int rows)
        : width((columns + 7) / 8 * 8), height((rows + 7) / 8 * 8), samples(size_t(width) * size_t(height)) {}
    uint8_t* row(int y) { return samples.data() + size_t(y) * size_t(width); }
};

struct Quantiser {
    alignas(32) std::array<int, 64> step;  // column by column
    alignas(32) std::array<float, 64> inverse;
    Quantiser(const uint8_t (&table)[64], int quality) {
        for (size_t i = 0; i < 64; ++i) {
            step[i] = jpeg_step(table[i % 8 * 8 + i / 8], quality);
            inverse[i] = 1.0f / static_cast<float>(8 * step[i]);
        }
    }
};

void transpose(Lanes (&v)[8]) {
    Lanes a[8], b[8];
    for (int i = 0; i < 4; ++i) {  // rows i and i + 4, the halves exchanged
        a[i] = __builtin_shufflevector(v[i], v[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        a[i + 4] = __builtin_shufflevector(v[i], v[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; ++k) {
            b[i + k] = __builtin_shufflevector(a[i + k], a[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            b[i + k + 2] = __builtin_shufflevector(a[i + k], a[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 8; i += 2) {
        v[i] = __builtin_shufflevector(b[i], b[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        v[i + 1] = __builtin_shufflevector(b[i], b[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
}

// The block of samples there, coded and decoded.
void damage_block(uint8_t* samples, ptrdiff_t stride, const Quantiser& quantiser) {
    alignas(32) int values[64];
    Lanes v[8];
    for (int y = 0; y < 8; ++y) {
        Bytes bytes;
        std::memcpy(&bytes, samples + y * stride, sizeof(bytes));
        v[y] = __builtin_convertvector(bytes, Lanes) - 128;
    }
    jpeg_forward_transform<true>(v);  // along the columns, then the rows
    transpose(v);
    jpeg_forward_transform<false>(v);
    std::memcpy(values, v, sizeof(v));
    for (size_t i = 0; i < 64; ++i)
        values[i] = jpeg_requantise(values[i], quantiser.step[i], quantiser.inverse[i]);
    std::memcpy(v, values, sizeof(v));
    jpeg_inverse_transform<true>(v);  // along the rows, then the columns
    transpose(v);
    jpeg_inverse_transform<false>(v);
    for (int y = 0; y < 8; ++y) {
        const Lanes sample = v[y] + 128, bounded = sample < 0     ? Lanes{}
                                                   : sample > 255 ? Lanes{} + 255
                                                                  : sample;
        const Bytes bytes = __builtin_convertvector(bounded, Bytes);
        std::memcpy(samples + y * stride, &bytes, sizeof(bytes));
    }
}

void damage(Plane& plane, const Quantiser& quantiser) {
    for (int y = 0; y < plane.height; y += 8)
        for (int x = 0; x < plane.width; x += 8) damage_block(plane.row(y) + x, plane.width, quantiser);
}

// Row y of the picture in the three channels, its last pixel repeated up to `width`.
void split_row(const PictureView& picture, int y, int width, uint8_t* luma, uint8_t* cb, uint8_t* cr) {
    const uint8_t* pixel = picture.at(0, std::min(y, picture.height - 1));
    const int columns = picture.width;
#pragma omp simd
    for (int x = 0; x < columns; ++x) {
        const int red = pixel[3 * x], green = pixel[3 * x + 1], blue = pixel[3 * x + 2];
        luma[x] = static_cast<uint8_t>(jpeg_luma(red, green, blue));
        cb[x] = static_cast<uint8_t>(jpeg_cb(red, green, blue));
        cr[x] = static_cast<uint8_t>(jpeg_cr(red, green, blue));
    }
    for (uint8_t* line : {luma, cb, cr})
        std::fill(line + picture.width, line + width, line[picture.width - 1]);
}

void join_row(const PictureView& picture, int y, const uint8_t* luma, const uint8_t* cb, const uint8_t* cr) {
    uint8_t* pixel = picture.at(0, y);
    const int columns = picture.width;
#pragma omp simd
    for (int x = 0; x < columns; ++x) {
        const int b = cb[x] - 128, r = cr[x] - 128;
        pixel[3 * x] = static_cast<uint8_t>(jpeg_red(luma[x], r));
        pixel[3 * x + 1] = static_cast<uint8_t>(jpeg_green(luma[x], b, r));
        pixel[3 * x + 2] = static_cast<uint8_t>(jpeg_blue(luma[x], b));
    }
}

void damage_whole_chroma(const PictureView& picture, const Quantiser& luma, const Quantiser& chroma) {
    Plane planes[3]{
        {picture.width, picture.height}, {picture.width, picture.height}, {picture.width, picture.height}};
    for (int y = 0; y < planes[0].height; ++y)
        split_row(picture, y, planes[0].width, planes[0].row(y), planes[1].row(y), planes[2].row(y));
    for (Plane& plane : planes) damage(plane, &plane == planes ? luma : chroma);
    for (int y = 0; y < picture.height; ++y)
        join_row(picture, y, planes[0].row(y), planes[1].row(y), planes[2].row(y));
}

// out[x] of row y, `count` samples, from the plane of which `columns` × `rows` samples are the picture's.
void enlarge_row(Plane& plane, int columns, int rows, int y, int count, int* above, uint8_t* out) {
    const uint8_t* nearest = plane.row(y / 2);
    const uint8_t* other = plane.row(std::clamp(y % 2 == 0 ? y / 2 - 1 : y / 2 + 1, 0, rows - 1));
    for (int x = 0; x < columns; ++x) above[x + 1] = 3 * nearest[x] + other[x];
    above[0] = above[1];
    above[columns + 1] = above[columns];
    // jpeg_enlarged with the sums along y shared by neighbours.
    for (int x = 0; x < count / 2; ++x) {
        out[2 * x] = static_cast<uint8_t>((3 * above[x + 1] + above[x] + 8) >> 4);
        out[2 * x + 1] = static_cast<uint8_t>((3 * above[x + 1] + above[x + 2] + 8) >> 4);
    }
    if (count % 2 != 0)
        out[count - 1] = static_cast<uint8_t>((3 * above[count / 2 + 1] + above[count / 2] + 8) >> 4);
}

void damage_halved_chroma(const PictureView& picture, const Quantiser& luma, const Quantiser& chroma) {
    const int columns = (picture.width + 1) / 2, rows = (picture.height + 1) / 2;
    Plane planes[3]{{picture.width, picture.height}, {columns, rows}, {columns, rows}};
    const int width = 2 * planes[1].width;  // at least the luma plane's
    std::vector<uint8_t> lines(size_t(width) * 5);
    uint8_t* const line[5]{lines.data(), lines.data() + width, lines.data() + 2 * size_t(width),
                           lines.data() + 3 * size_t(width), lines.data() + 4 * size_t(width)};
    for (int y = 0; y < 2 * planes[1].height; y += 2) {
        for (int k = 0; k < 2; ++k) {
            split_row(picture, y + k, width, line[0], line[1 + 2 * k], line[2 + 2 * k]);
            if (y + k < planes[0].height) std::copy_n(line[0], planes[0].width, planes[0].row(y + k));
        }
        for (int c = 0; c < 2; ++c) {
            const uint8_t *upper = line[1 + c], *lower = line[3 + c];
            uint8_t* out = planes[1 + c].row(y / 2);
            for (int x = 0; x < planes[1].width; ++x)
                out[x] = static_cast<uint8_t>(
                    jpeg_halved(upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1], x));
        }
    }
    for (Plane& plane : planes) damage(plane, &plane == planes ? luma : chroma);
    std::vector<int> above(size_t(columns) + 2);
    for (int y = 0; y < picture.height; ++y) {
        for (int c = 0; c < 2; ++c)
            enlarge_row(planes[1 + c], columns, rows, y, picture.width, above.data(), line[1 + c]);
        join_row(picture, y, planes[0].row(y), line[1], line[2]);
    }
}

}  // namespace

void apply_jpeg(const PictureView& picture, int quality) {
    const Quantiser luma(jpeg_tables.entries[0], quality), chroma(jpeg_tables.entries[1], quality);
    if (jpeg_halves_chroma(quality))
        damage_halved_chroma(picture, luma, chroma);
    else
        damage_whole_chroma(picture, luma, chroma);
}

}  // namespace unmask
