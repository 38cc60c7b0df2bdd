// SPDX-License-Identifier: Apache-2.0
// The lossy part of a baseline JPEG in whole numbers, for every device alike, so that all compute the same
// bytes: colour conversion (JFIF), the 8 × 8 discrete cosine transform and back (the factorisation of
// Loeffler, Ligtenberg and Moschytz, ICASSP 1989, with the constants and shifts of libjpeg's accurate integer
// method), quantisation with the tables of ITU-T T.81, Annex K, scaled by the quality as libjpeg does, and
// the triangle filter that decoders enlarge halved chroma with. Entropy coding loses nothing and is left out.
#pragma once

#include <cstdint>

namespace unmask {

struct JpegTables {
    uint8_t entries[2][64];  // of luma and of chroma, row by row
};
inline constexpr JpegTables jpeg_tables{
    {{16, 11,  10,  16, 24, 40, 51, 61, 12,  12,  14,  19,  26, 58, 60, 55,  14,  13,  16,  24, 40, 57,
      69, 56,  14,  17, 22, 29, 51, 87, 80,  62,  18,  22,  37, 56, 68, 109, 103, 77,  24,  35, 55, 64,
      81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,  112, 100, 103, 99},
     {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
      99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
      99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99}}};

// The table's entry at a quality of 1 to 100, in [1, 255].
constexpr int jpeg_step(int table_entry, int quality) {
    const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    const int step = (table_entry * percent + 50) / 100;
    return step < 1 ? 1 : step > 255 ? 255 : step;
}

// A coefficient (times 8, as the forward transform gives it) to its nearest level and back. inverse is
// 1 / (8 · step) in float32: the half added to the dividend is more than the product's error, so that the
// quotient is exact.
constexpr int jpeg_requantise(int coefficient, int step, float inverse) {
    const int magnitude = (coefficient < 0 ? -coefficient : coefficient) + 4 * step;
    const int value = static_cast<int>((static_cast<float>(magnitude) + 0.5f) * inverse) * step;
    return coefficient < 0 ? -value : value;
}

constexpr int jpeg_clamp(int value) {
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

// ---- colours; 16 bits behind the point ----

constexpr int jpeg_luma(int red, int green, int blue) {
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
}
constexpr int jpeg_cb(int red, int green, int blue) {
    return (-11059 * red - 21709 * green + 32768 * blue + (128 << 16) + 32767) >> 16;
}
constexpr int jpeg_cr(int red, int green, int blue) {
    return (32768 * red - 27439 * green - 5329 * blue + (128 << 16) + 32767) >> 16;
}
// cb and cr less 128.
constexpr int jpeg_red(int luma, int cr) {
    return jpeg_clamp(luma + ((91881 * cr + 32768) >> 16));
}
constexpr int jpeg_green(int luma, int cb, int cr) {
    return jpeg_clamp(luma + ((-22554 * cb - 46802 * cr + 32768) >> 16));
}
constexpr int jpeg_blue(int luma, int cb) {
    return jpeg_clamp(luma + ((116130 * cb + 32768) >> 16));
}

// The mean of 2 × 2 chroma samples, given their sum; halves go up and down in turn along a row.
constexpr int jpeg_halved(int sum, int column) {
    return (sum + 1 + (column & 1)) >> 2;
}
// A chroma sample of the whole size: 9, 3, 3 and 1 sixteenths of the nearest halved sample, its neighbours
// along the two axes and the one across.
constexpr int jpeg_enlarged(int nearest, int beside, int above, int across) {
    return (3 * (3 * nearest + above) + 3 * beside + across + 8) >> 4;
}

// ---- the transform along one axis; T is int or a vector of them ----

namespace detail {

// The odd half that both directions share: four inputs to four sums, 13 bits behind the point.
template <class T>
constexpr void jpeg_odd_part(T& a, T& b, T& c, T& d) {
    const T ad = a + d, bc = b + c, ac = a + c, bd = b + d;
    const T all = (ac + bd) * 9633;
    const T ad_scaled = ad * -7373, bc_scaled = bc * -20995;
    const T ac_scaled = ac * -16069 + all, bd_scaled = bd * -3196 + all;
    a = a * 2446 + ad_scaled + ac_scaled;
    b = b * 16819 + bc_scaled + bd_scaled;
    c = c * 25172 + bc_scaled + ac_scaled;
    d = d * 12299 + ad_scaled + bd_scaled;
}

}  // namespace detail

// The first pass leaves two bits behind the point, the second takes them away; the result of both is the
// coefficients times 8.
template <bool first, class T>
constexpr void jpeg_forward_transform(T (&v)[8]) {
    T t7 = v[0] - v[7], t6 = v[1] - v[6], t5 = v[2] - v[5], t4 = v[3] - v[4];
    const T t0 = v[0] + v[7], t1 = v[1] + v[6], t2 = v[2] + v[5], t3 = v[3] + v[4];
    const T t10 = t0 + t3, t13 = t0 - t3, t11 = t1 + t2, t12 = t1 - t2;
    constexpr int bits = first ? 11 : 15, half = 1 << (bits - 1);
    if constexpr (first) {
        v[0] = (t10 + t11) * 4;
        v[4] = (t10 - t11) * 4;
    } else {
        v[0] = (t10 + t11 + 2) >> 2;
        v[4] = (t10 - t11 + 2) >> 2;
    }
    const T z = (t12 + t13) * 4433;
    v[2] = (z + t13 * 6270 + half) >> bits;
    v[6] = (z - t12 * 15137 + half) >> bits;
    detail::jpeg_odd_part(t4, t5, t6, t7);
    v[7] = (t4 + half) >> bits;
    v[5] = (t5 + half) >> bits;
    v[3] = (t6 + half) >> bits;
    v[1] = (t7 + half) >> bits;
}

// From coefficients to samples less 128, not yet clamped.
template <bool first, class T>
constexpr void jpeg_inverse_transform(T (&v)[8]) {
    const T z = (v[2] + v[6]) * 4433;
    const T t2 = z - v[6] * 15137, t3 = z + v[2] * 6270;
    const T t0 = (v[0] + v[4]) * 8192, t1 = (v[0] - v[4]) * 8192;
    const T t10 = t0 + t3, t13 = t0 - t3, t11 = t1 + t2, t12 = t1 - t2;
    T a = v[7], b = v[5], c = v[3], d = v[1];
    detail::jpeg_odd_part(a, b, c, d);
    constexpr int bits = first ? 11 : 18, half = 1 << (bits - 1);
    v[0] = (t10 + d + half) >> bits;
    v[7] = (t10 - d + half) >> bits;
    v[1] = (t11 + c + half) >> bits;
    v[6] = (t11 - c + half) >> bits;
    v[2] = (t12 + b + half) >> bits;
    v[5] = (t12 - b + half) >> bits;
    v[3] = (t13 + a + half) >> bits;
    v[4] = (t13 - a + half) >> bits;
}

}  // namespace unmask
