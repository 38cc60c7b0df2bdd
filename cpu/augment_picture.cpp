// SPDX-License-Identifier: Apache-2.0
// The stages that treat every pixel by itself, and all stages in their order.
#include "cpu/augment_picture.h"

#include <algorithm>
#include <array>

#include "engine/ops/augment_pixel.h"

namespace unmask {
namespace {

template <class Change>
void change_pixels(const PictureView& picture, Change change) {
    uint8_t* const end = picture.pixels + picture.values();
    for (uint8_t* pixel = picture.pixels; pixel != end; pixel += 3) {
        const Pixel changed = change(Pixel{pixel[0], pixel[1], pixel[2]});
        pixel[0] = static_cast<uint8_t>(changed.red);
        pixel[1] = static_cast<uint8_t>(changed.green);
        pixel[2] = static_cast<uint8_t>(changed.blue);
    }
}

}  // namespace

void apply_noise(const PictureView& picture, const AugmentationDraw& draw) {
    const std::span<const float, 4096> quantiles = normal_quantiles();
    const Philox philox(draw.noise_key);
    const size_t count = picture.values();
    uint64_t element = draw.noise_element;
    PhiloxBlock words = philox.block(draw.noise_step, element / 4);
    for (size_t i = 0; i < count; i += 2, ++element) {
        if (element % 4 == 0) words = philox.block(draw.noise_step, element / 4);
        const uint32_t bits = words[element % 4];
        const size_t pair = std::min<size_t>(2, count - i);
        for (size_t half = 0; half < pair; ++half) {
            const float quantile = quantiles[(bits >> (16 * half)) & 4095u];
            uint8_t& value = picture.pixels[i + half];
            value = static_cast<uint8_t>(add_noise(value, draw.noise_deviation, quantile));
        }
    }
}

void apply_flip(const PictureView& picture) {
    for (int y = 0; y < picture.height; ++y)
        for (int left = 0, right = picture.width - 1; left < right; ++left, --right)
            std::swap_ranges(picture.at(left, y), picture.at(left, y) + 3, picture.at(right, y));
}

void apply_brightness_contrast(const PictureView& picture, const AugmentationDraw& draw) {
    std::array<uint8_t, 256> table{};
    for (int value = 0; value < 256; ++value)
        table[size_t(value)] = static_cast<uint8_t>(change_brightness(value, draw.brightness, draw.contrast));
    std::for_each_n(picture.pixels, picture.values(), [&](uint8_t& value) { value = table[value]; });
}

Pixel pca_step_of(const PictureView& picture, const AugmentationDraw& draw) {
    ColourSums sums;
    for (int y = 0; y < picture.height; ++y) {
        // The products of a row of at most 16384 pixels fit into 32 bits.
        uint32_t r = 0, g = 0, b = 0, rr = 0, gg = 0, bb = 0, rg = 0, rb = 0, gb = 0;
        const uint8_t* pixel = picture.at(0, y);
        const int columns = picture.width;
#pragma omp simd reduction(+ : r, g, b, rr, gg, bb, rg, rb, gb)
        for (int x = 0; x < columns; ++x) {
            const uint32_t red = pixel[3 * x], green = pixel[3 * x + 1], blue = pixel[3 * x + 2];
            r += red, g += green, b += blue;
            rr += red * red, gg += green * green, bb += blue * blue;
            rg += red * green, rb += red * blue, gb += green * blue;
        }
        sums.red += r, sums.green += g, sums.blue += b;
        sums.red_red += rr, sums.green_green += gg, sums.blue_blue += bb;
        sums.red_green += rg, sums.red_blue += rb, sums.green_blue += gb;
    }
    return pca_step(sums, int64_t{picture.width} * picture.height, draw.pca_weights);
}

void apply_pca_colour(const PictureView& picture, const Pixel& step) {
    const int steps[3]{step.red, step.green, step.blue};
    std::array<std::array<uint8_t, 256>, 3> tables{};
    for (int c = 0; c < 3; ++c)
        for (int value = 0; value < 256; ++value)
            tables[size_t(c)][size_t(value)] = static_cast<uint8_t>(bounded_sum(value, steps[c]));
    uint8_t* const end = picture.pixels + picture.values();
    for (uint8_t* pixel = picture.pixels; pixel != end; pixel += 3)
        for (size_t c = 0; c < 3; ++c) pixel[c] = tables[c][pixel[c]];
}

void apply_hue_saturation(const PictureView& picture, const AugmentationDraw& draw) {
    change_pixels(picture, [cosine = draw.hue_cosine, sine = draw.hue_sine](Pixel pixel) {
        return change_hue(pixel, cosine, sine);
    });
}

void apply_grey(const PictureView& picture, const AugmentationDraw& draw) {
    change_pixels(picture, [share = draw.grey_share](Pixel pixel) { return take_colour_away(pixel, share); });
}

void augment_picture(const PictureView& picture, const AugmentationDraw& draw) {
    const Pixel pca = has_stage(draw, pca_colour_stage) ? pca_step_of(picture, draw) : Pixel{};
    if (has_stage(draw, jpeg_stage)) apply_jpeg(picture, draw.jpeg_quality);
    if (has_stage(draw, noise_stage)) apply_noise(picture, draw);
    if (has_stage(draw, blur_stage)) apply_blur(picture, draw);
    if (has_stage(draw, flip_stage)) apply_flip(picture);
    if (has_stage(draw, brightness_contrast_stage)) apply_brightness_contrast(picture, draw);
    if (has_stage(draw, pca_colour_stage)) apply_pca_colour(picture, pca);
    if (has_stage(draw, hue_saturation_stage)) apply_hue_saturation(picture, draw);
    if (has_stage(draw, grey_stage)) apply_grey(picture, draw);
    if (has_stage(draw, affine_stage)) apply_affine(picture, draw);
}

}  // namespace unmask
