// SPDX-License-Identifier: Apache-2.0
// The pieces of which a forgery is made, each on its own: nothing at strength 0, draws within their range and
// spread over it, and what each does to a picture or mask.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/self_blend/colour_jitter.h"
#include "data/self_blend/elastic.h"
#include "data/self_blend/resolution.h"
#include "data/self_blend/sharpen.h"
#include "data/self_blend/soften.h"
#include "data/self_blend/source_shift.h"
#include "tests/data/self_blend/smooth_picture.h"

namespace unmask {
namespace {

// The least and the greatest of 400 draws.
std::pair<double, double> range_of(const std::function<double(PhiloxSequence&)>& draw) {
    double low = 1e9, high = -1e9;
    for (uint64_t i = 0; i < 400; ++i) {
        PhiloxSequence random(9, "range", i);
        const double value = draw(random);
        low = std::min(low, value);
        high = std::max(high, value);
    }
    return {low, high};
}

// Within [low, high] and reaching nearly to both ends.
void expect_range(double low, double high, const std::function<double(PhiloxSequence&)>& draw) {
    const auto [least, greatest] = range_of(draw);
    EXPECT_GE(least, low);
    EXPECT_LE(greatest, high);
    EXPECT_LT(least, low + 0.05 * (high - low));
    EXPECT_GT(greatest, high - 0.05 * (high - low));
}

Mask disc(int size, double radius) {
    std::vector<Point> circle;
    for (int i = 0; i < 90; ++i)
        circle.push_back(
            {size / 2.0 + radius * std::cos(i * 0.0698132), size / 2.0 + radius * std::sin(i * 0.0698132)});
    return polygon_mask(circle, size, size);
}

TEST(SelfBlendPieces, ShiftMovesAboutTheMiddle) {
    const SourceShiftOptions options;
    for (const double strength : {0.5, 1.0}) {
        expect_range(-0.03 * strength, 0.03 * strength,
                     [&](PhiloxSequence& r) { return draw_source_shift(options, strength, r).x; });
        expect_range(-0.015 * strength, 0.015 * strength,
                     [&](PhiloxSequence& r) { return draw_source_shift(options, strength, r).y; });
        expect_range(1 - 0.05 * strength, 1 + 0.05 * strength,
                     [&](PhiloxSequence& r) { return draw_source_shift(options, strength, r).scale; });
    }
    PhiloxSequence random(1, "shift");
    const Similarity none = similarity_of(draw_source_shift(options, 0, random), 64, 48);
    EXPECT_EQ(none({3, 4}), (Point{3, 4}));
    const Similarity moved = similarity_of({0.1, -0.2, 1.5}, 101, 51);
    EXPECT_NEAR(moved({50, 25}).x, 50 + 10.1, 1e-9);
    EXPECT_NEAR(moved({50, 25}).y, 25 - 10.2, 1e-9);
    EXPECT_NEAR(moved({60, 25}).x - moved({50, 25}).x, 15, 1e-9);
}

TEST(SelfBlendPieces, ElasticBendsSmoothly) {
    const Mask mask = disc(128, 40);
    PhiloxSequence nothing(1, "elastic"), much(1, "elastic"), again(1, "elastic");
    EXPECT_EQ(deform(mask, draw_elastic({}, 0, nothing)), mask);
    const Elastic elastic = draw_elastic({}, 1, much);
    const Mask bent = deform(mask, elastic);
    EXPECT_NE(bent, mask);
    EXPECT_EQ(deform(mask, draw_elastic({}, 1, again)), bent);
    double sum = 0, before = 0;
    for (size_t i = 0; i < mask.values.size(); ++i) {
        EXPECT_GE(bent.values[i], 0.f);
        EXPECT_LE(bent.values[i], 1.f);
        sum += bent.values[i];
        before += mask.values[i];
    }
    EXPECT_NEAR(sum / before, 1, 0.4);
    // A ramp shows the field itself: from pixel to pixel it changes little, over the picture by several.
    Mask ramp(128, 128);
    for (int y = 0; y < 128; ++y)
        for (int x = 0; x < 128; ++x) ramp.at(x, y) = float(x);
    const Mask field = deform(ramp, elastic);
    double roughest = 0, farthest = 0;
    for (int y = 1; y < 128; ++y)
        for (int x = 24; x < 104; ++x) {
            roughest = std::max(roughest, double(std::abs(field.at(x, y) - field.at(x, y - 1))));
            farthest = std::max(farthest, double(std::abs(field.at(x, y) - float(x))));
        }
    EXPECT_LT(roughest, 0.75);
    EXPECT_GT(farthest, 1.5);
    EXPECT_LT(farthest, 20);
}

TEST(SelfBlendPieces, SofteningErodesAndBlurs) {
    const SoftenOptions options;
    expect_range(0, 0.03, [&](PhiloxSequence& r) { return draw_soften(options, 1, r).erosion; });
    expect_range(0.004, 0.03, [&](PhiloxSequence& r) { return draw_soften(options, 1, r).blur; });
    const Mask sharp = disc(256, 80);
    Mask mask = sharp;
    PhiloxSequence random(1, "soften");
    soften(mask, draw_soften(options, 0, random));
    EXPECT_EQ(mask, sharp);
    // The radius loses the erosion's width.
    const auto radius = [](const Mask& m) {
        double covered = 0;
        for (const float value : m.values) covered += value;
        return std::sqrt(covered / 3.14159265358979);
    };
    for (const double erosion : {0.01, 0.03}) {
        mask = sharp;
        soften(mask, {erosion, 0});
        EXPECT_NEAR(radius(mask), 80 - 256 * erosion, 1.2) << erosion;
        EXPECT_EQ(mask.at(128, 128), 1.f);
        EXPECT_EQ(mask.at(10, 128), 0.f);
    }
    mask = sharp;
    soften(mask, {0.03, 0.03});
    float steepest = 0;
    for (int x = 1; x < 256; ++x) {
        steepest = std::max(steepest, std::abs(mask.at(x, 128) - mask.at(x - 1, 128)));
        EXPECT_GE(mask.at(x, 128), 0.f);
        EXPECT_LE(mask.at(x, 128), 1.f);
    }
    EXPECT_LT(steepest, 0.08);  // a Gaussian edge of 7.7 pixels rises by 0.052 a pixel
    EXPECT_GT(steepest, 0.03);
}

TEST(SelfBlendPieces, ColoursStayInTheirRange) {
    const ColourJitterOptions options;
    const auto value = [&](auto member) {
        return [&options, member](PhiloxSequence& r) { return draw_colour_jitter(options, 1, r).*member; };
    };
    expect_range(0.8, 1.2, value(&ColourJitter::saturation));
    expect_range(0.9, 1.1, value(&ColourJitter::value));
    expect_range(0.9, 1.1, value(&ColourJitter::contrast));
    expect_range(-25.5, 25.5, value(&ColourJitter::brightness));
    expect_range(-8 * 0.0174533, 8 * 0.0174533, value(&ColourJitter::hue));
    expect_range(-20, 20, [&](PhiloxSequence& r) { return draw_colour_jitter(options, 1, r).channels[1]; });
    const Image picture = smooth_picture(40, 30);
    for (uint64_t i = 0; i < 20; ++i) {
        PhiloxSequence random(2, "colour", i);
        Image changed = picture;
        apply(changed, draw_colour_jitter(options, 0, random));
        EXPECT_EQ(changed, picture);
    }
}

TEST(SelfBlendPieces, EveryColourDoesItsPart) {
    const auto pixel = [](const ColourJitter& jitter, std::array<uint8_t, 3> rgb) {
        Image image(1, 1);
        std::ranges::copy(rgb, image.pixels.begin());
        apply(image, jitter);
        return std::array<int, 3>{image.pixels[0], image.pixels[1], image.pixels[2]};
    };
    using Rgb = std::array<int, 3>;
    EXPECT_EQ(pixel({.channels = {5, -3, 0}}, {100, 100, 250}), (Rgb{105, 97, 250}));
    EXPECT_EQ(pixel({.channels = {10, 0, -10}}, {250, 100, 5}), (Rgb{255, 100, 0}));
    EXPECT_EQ(pixel({.brightness = 12}, {100, 20, 250}), (Rgb{112, 32, 255}));
    EXPECT_EQ(pixel({.value = 0.5}, {100, 20, 250}), (Rgb{50, 10, 125}));
    EXPECT_EQ(pixel({.contrast = 2}, {127, 150, 10}), (Rgb{127, 173, 0}));
    EXPECT_EQ(pixel({.saturation = 0}, {255, 0, 0}), (Rgb{76, 76, 76}));
    EXPECT_EQ(pixel({.hue = 1, .saturation = 1.3}, {90, 90, 90}), (Rgb{90, 90, 90}));
    // Half a turn exchanges a colour with its opposite at the same luma.
    const Rgb turned = pixel({.hue = 3.14159265358979}, {140, 120, 100});
    EXPECT_NEAR(0.299 * turned[0] + 0.587 * turned[1] + 0.114 * turned[2],
                0.299 * 140 + 0.587 * 120 + 0.114 * 100, 1);
    EXPECT_LT(turned[0], turned[2]);
    // A quarter turn takes red to where Cr was: R - Y becomes that of -Cb... and back by the opposite turn.
    Image there(1, 1);
    std::ranges::copy(std::array<uint8_t, 3>{140, 120, 100}, there.pixels.begin());
    apply(there, ColourJitter{.hue = 0.5});
    EXPECT_NE(there.pixels[0], 140);
    apply(there, ColourJitter{.hue = -0.5});
    for (const auto& [found, wanted] : {std::pair{0, 140}, {1, 120}, {2, 100}})
        EXPECT_NEAR(there.pixels[size_t(found)], wanted, 2);
}

double detail(const Image& image) {
    double sum = 0;
    for (int y = 0; y < image.height; ++y)
        for (int x = 1; x < image.width; ++x) sum += std::abs(*image.at(x, y) - *image.at(x - 1, y));
    return sum;
}

TEST(SelfBlendPieces, ResolutionTakesDetailAway) {
    expect_range(1.5, 4, [](PhiloxSequence& r) { return draw_resolution({}, 1, r).factor; });
    expect_range(1.25, 2.5, [](PhiloxSequence& r) { return draw_resolution({}, 0.5, r).factor; });
    Image fine(60, 40), plain(60, 40);
    for (int y = 0; y < 40; ++y)
        for (int x = 0; x < 60; ++x) std::fill_n(fine.at(x, y), 3, uint8_t(x % 2 != 0 ? 180 : 80));
    std::ranges::fill(plain.pixels, uint8_t(93));
    Image same = fine, coarse = fine, still_plain = plain;
    PhiloxSequence random(1, "resolution");
    apply(same, draw_resolution({}, 0, random));
    EXPECT_EQ(same, fine);
    apply(coarse, Resolution{3});
    EXPECT_EQ(coarse.width, 60);
    EXPECT_EQ(coarse.height, 40);
    EXPECT_LT(detail(coarse), 0.2 * detail(fine));
    apply(still_plain, Resolution{3});
    EXPECT_EQ(still_plain, plain);
}

TEST(SelfBlendPieces, SharpeningAddsDetail) {
    expect_range(0.05, 0.25, [](PhiloxSequence& r) { return draw_sharpen({}, 1, r).amount; });
    const Image picture = smooth_picture(50, 40);
    Image same = picture, sharp = picture;
    PhiloxSequence random(1, "sharpen");
    apply(same, draw_sharpen({}, 0, random));
    EXPECT_EQ(same, picture);
    apply(sharp, Sharpen{0.25});
    EXPECT_GT(detail(sharp), detail(picture));
    Image dot(5, 5);
    std::ranges::fill(dot.pixels, uint8_t(100));
    dot.at(2, 2)[1] = 120;
    apply(dot, Sharpen{0.1});
    EXPECT_EQ(dot.at(2, 2)[1], 136);  // + 0.1 · 8 · 20
    EXPECT_EQ(dot.at(1, 1)[1], 98);   // - 0.1 · 20
    EXPECT_EQ(dot.at(0, 0)[1], 100);
    EXPECT_EQ(dot.at(2, 2)[0], 100);
}

}  // namespace
}  // namespace unmask
