// SPDX-License-Identifier: Apache-2.0
// What augmentation makes of one pixel, for every device alike: the same expressions, so that devices differ
// by no more than the rounding of a float where a value lies just between two levels.
#pragma once

#include "engine/ops/augment.h"

namespace unmask {

struct Pixel {
    int red = 0, green = 0, blue = 0;  // 0 to 255
};

constexpr bool has_stage(const AugmentationDraw& draw, uint32_t stages) {
    return (draw.stages & stages) != 0;
}
inline constexpr uint32_t colour_stages =
    brightness_contrast_stage | pca_colour_stage | hue_saturation_stage | grey_stage;

// The nearest whole number in [0, 255], halves up.
template <class T>
constexpr int round_to_byte(T value) {
    value = value < T(0) ? T(0) : value > T(255) ? T(255) : value;
    const int whole = static_cast<int>(value);
    return whole + (value - static_cast<T>(whole) >= T(0.5) ? 1 : 0);
}

constexpr int add_noise(int value, float deviation, float quantile) {
    return round_to_byte(static_cast<float>(value) + deviation * quantile);
}

constexpr int change_brightness(int value, double brightness, double contrast) {
    return round_to_byte(contrast * (value - 127.5) + 127.5 + brightness);
}

// Whole numbers, so that they are the same whatever the order of summation.
struct ColourSums {
    int64_t red = 0, green = 0, blue = 0;
    int64_t red_red = 0, green_green = 0, blue_blue = 0, red_green = 0, red_blue = 0, green_blue = 0;
};

// What the PCA colour stage adds to every pixel of a picture: C w, C being the covariance of the channels
// over the `area` pixels of the picture before any stage and w the draw's weights, in units of the full
// range. With w of independent normal numbers that is the sum over C's principal components v_k of (normal
// number · eigenvalue of v_k) v_k, since C w has the covariance C² in either case; so no components are
// needed (Krizhevsky et al. 2012, section 4.1, with the components of each picture).
constexpr Pixel pca_step(const ColourSums& sums, int64_t area, const float (&weights)[3]) {
    const double share = 1.0 / static_cast<double>(area);
    const auto covariance = [share](int64_t products, int64_t a, int64_t b) {
        // Sums of at most 2^28 pixels are exact.
        return (static_cast<double>(products) - static_cast<double>(a) * (static_cast<double>(b) * share)) *
               share * (1.0 / (255.0 * 255.0));
    };
    const double rr = covariance(sums.red_red, sums.red, sums.red),
                 gg = covariance(sums.green_green, sums.green, sums.green),
                 bb = covariance(sums.blue_blue, sums.blue, sums.blue),
                 rg = covariance(sums.red_green, sums.red, sums.green),
                 rb = covariance(sums.red_blue, sums.red, sums.blue),
                 gb = covariance(sums.green_blue, sums.green, sums.blue);
    const double x = static_cast<double>(weights[0]), y = static_cast<double>(weights[1]),
                 z = static_cast<double>(weights[2]);
    const auto whole = [](double value) {
        const double levels = 255.0 * value;
        const double bounded = levels < -255.0 ? -255.0 : levels > 255.0 ? 255.0 : levels;
        return static_cast<int>(bounded + 256.5) - 256;
    };
    return {whole(rr * x + rg * y + rb * z), whole(rg * x + gg * y + gb * z),
            whole(rb * x + gb * y + bb * z)};
}

constexpr int bounded_sum(int value, int step) {
    value += step;
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

// With (Cb, Cr) as in ITU-R BT.601: (Cb, Cr) ← ((cosine, -sine), (sine, cosine)) (Cb, Cr), luma kept.
constexpr Pixel change_hue(Pixel pixel, float cosine, float sine) {
    const auto red = static_cast<float>(pixel.red), green = static_cast<float>(pixel.green),
               blue = static_cast<float>(pixel.blue);
    const float luma = 0.299f * red + 0.587f * green + 0.114f * blue;
    const float cb = (blue - luma) / 1.772f, cr = (red - luma) / 1.402f;
    const float turned_cb = cosine * cb - sine * cr, turned_cr = sine * cb + cosine * cr;
    const float new_red = luma + 1.402f * turned_cr, new_blue = luma + 1.772f * turned_cb;
    const float new_green = (luma - 0.299f * new_red - 0.114f * new_blue) / 0.587f;
    return {round_to_byte(new_red), round_to_byte(new_green), round_to_byte(new_blue)};
}

// Every channel goes its share of the way to the luma Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
constexpr Pixel take_colour_away(Pixel pixel, float share) {
    const auto red = static_cast<float>(pixel.red), green = static_cast<float>(pixel.green),
               blue = static_cast<float>(pixel.blue);
    const float luma = 0.299f * red + 0.587f * green + 0.114f * blue;
    return {round_to_byte(red + share * (luma - red)), round_to_byte(green + share * (luma - green)),
            round_to_byte(blue + share * (luma - blue))};
}

// All stages that change a pixel's colour by itself; `pca` is the picture's pca_step.
constexpr Pixel change_colour(Pixel pixel, const AugmentationDraw& draw, Pixel pca) {
    if (has_stage(draw, brightness_contrast_stage))
        pixel = {change_brightness(pixel.red, draw.brightness, draw.contrast),
                 change_brightness(pixel.green, draw.brightness, draw.contrast),
                 change_brightness(pixel.blue, draw.brightness, draw.contrast)};
    if (has_stage(draw, pca_colour_stage))
        pixel = {bounded_sum(pixel.red, pca.red), bounded_sum(pixel.green, pca.green),
                 bounded_sum(pixel.blue, pca.blue)};
    if (has_stage(draw, hue_saturation_stage)) pixel = change_hue(pixel, draw.hue_cosine, draw.hue_sine);
    if (has_stage(draw, grey_stage)) pixel = take_colour_away(pixel, draw.grey_share);
    return pixel;
}

// Where the affine stage reads: between the pixels (left, top) and (right, bottom), the nearest edge pixel
// outside of the picture.
struct AffineSource {
    int left, right, top, bottom;
    float to_right, to_bottom;  // in [0, 1)

    constexpr int between(int top_left, int top_right, int bottom_left, int bottom_right) const {
        const auto a = static_cast<float>(top_left), b = static_cast<float>(top_right);
        const auto c = static_cast<float>(bottom_left), d = static_cast<float>(bottom_right);
        const float above = a + to_right * (b - a), below = c + to_right * (d - c);
        return round_to_byte(above + to_bottom * (below - above));
    }
};

constexpr AffineSource affine_source(const AugmentationDraw& draw, int x, int y, int width, int height) {
    const double center_x = (width - 1) / 2.0, center_y = (height - 1) / 2.0;
    const double dx = x - center_x - draw.shift_x, dy = y - center_y - draw.shift_y;
    const auto within = [](double value, double last) {
        return value < 0.0 ? 0.0 : value > last ? last : value;
    };
    const double u = within(center_x + draw.cosine * dx + draw.sine * dy, width - 1);
    const double v = within(center_y - draw.sine * dx + draw.cosine * dy, height - 1);
    const int left = static_cast<int>(u), top = static_cast<int>(v);
    return {left,
            left + 1 < width ? left + 1 : left,
            top,
            top + 1 < height ? top + 1 : top,
            static_cast<float>(u - left),
            static_cast<float>(v - top)};
}

// (value / 255 - mean) / deviation as value · scale + shift.
struct NormalisationScale {
    float scale[3], shift[3];
};
inline NormalisationScale normalisation_scale(const std::array<double, 3>& mean,
                                              const std::array<double, 3>& deviation) {
    NormalisationScale result{};
    for (size_t c = 0; c < 3; ++c) {
        result.scale[c] = static_cast<float>(1 / (255 * deviation[c]));
        result.shift[c] = static_cast<float>(-mean[c] / deviation[c]);
    }
    return result;
}

}  // namespace unmask
