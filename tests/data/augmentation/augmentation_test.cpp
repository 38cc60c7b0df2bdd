// SPDX-License-Identifier: Apache-2.0
#include "data/augmentation/augmentation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// Smooth colours with an asymmetric bright spot.
Image picture(int width = 48, int height = 40) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            uint8_t* pixel = image.at(x, y);
            pixel[0] = uint8_t(60 + 2 * x);
            pixel[1] = uint8_t(80 + 2 * y);
            pixel[2] = uint8_t(x < 12 && y < 10 ? 220 : 100);
        }
    return image;
}

// The defaults, but for PCA colour, whose steps would mostly round to nothing on so small a picture.
std::vector<double> defaults(const AugmentationEntry& entry) {
    std::vector<double> values;
    for (const AugmentationParameter& parameter : entry.parameters) values.push_back(parameter.value);
    if (std::string(entry.name) == "pca_colour") values[0] = 3;
    return values;
}

// Draws and applies.
void change(Image& image, const AugmentationEntry& entry, const std::vector<double>& parameters,
            double strength, PhiloxSequence& random) {
    AugmentationDraw draw{};
    entry.draw(parameters, strength, random, image.width, image.height, draw);
    Augmentation::apply(image, draw);
}

Image applied(const AugmentationEntry& entry, double strength, uint64_t step) {
    Image image = picture();
    PhiloxSequence random(1, "augmentation.test", step);
    change(image, entry, defaults(entry), strength, random);
    return image;
}

const AugmentationEntry& entry(const std::string& name) {
    for (const AugmentationEntry& each : augmentation_table())
        if (each.name == name) return each;
    throw std::runtime_error("no augmentation " + name);
}

double mean_difference(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(double(a.pixels[i]) - double(b.pixels[i]));
    return sum / double(a.pixels.size());
}

TEST(Augmentation, StrengthZeroIsTheIdentityForEveryOne) {
    for (const AugmentationEntry& each : augmentation_table())
        for (uint64_t step = 0; step < 5; ++step) EXPECT_EQ(applied(each, 0, step), picture()) << each.name;
    Augmentation augmentation;
    augmentation.set_strength(0);
    Image image = picture();
    augmentation.apply(image, 1, 2, 3);
    EXPECT_EQ(image, picture());
}

TEST(Augmentation, EveryOneChangesThePictureButKeepsItsSizeAndCharacter) {
    for (const AugmentationEntry& each : augmentation_table()) {
        bool changed = false;
        for (uint64_t step = 0; step < 8; ++step) {
            const Image image = applied(each, 1, step);
            ASSERT_EQ(image.width, 48) << each.name;
            ASSERT_EQ(image.height, 40) << each.name;
            changed = changed || image != picture();
            EXPECT_LT(mean_difference(image, picture()), 65) << each.name;
        }
        EXPECT_TRUE(changed) << each.name;
    }
}

TEST(Augmentation, IsAFunctionOfItsDraws) {
    for (const AugmentationEntry& each : augmentation_table())
        EXPECT_EQ(applied(each, 1, 4), applied(each, 1, 4));
    const Augmentation augmentation;
    int different = 0;
    for (uint64_t sample = 0; sample < 20; ++sample) {
        Image a = picture(), b = picture(), other_epoch = picture();
        augmentation.apply(a, 9, 1, sample);
        augmentation.apply(b, 9, 1, sample);
        augmentation.apply(other_epoch, 9, 2, sample);
        EXPECT_EQ(a, b);
        different += a != other_epoch ? 1 : 0;
    }
    EXPECT_GT(different, 10);
}

TEST(Augmentation, ADrawAppliedIsTheSameAsBothInOne) {
    Augmentation augmentation;
    augmentation.set_probability("pca_colour", 0.5);
    uint32_t stages = 0;
    for (uint64_t sample = 0; sample < 40; ++sample) {
        Image a = picture(), b = picture();
        augmentation.apply(a, 9, 1, sample);
        const AugmentationDraw draw = augmentation.draw(9, 1, sample, b.width, b.height);
        Augmentation::apply(b, draw);
        EXPECT_EQ(a, b);
        stages |= draw.stages;
        // The same bytes again, since draws are compared, copied and sent as bytes.
        const AugmentationDraw again = augmentation.draw(9, 1, sample, b.width, b.height);
        EXPECT_EQ(std::memcmp(&draw, &again, sizeof(draw)), 0);
        if (draw.stages == 0) {
            EXPECT_EQ(b, picture());
        }
    }
    EXPECT_EQ(stages, 511u);  // every stage was drawn
}

TEST(Augmentation, FlipExchangesLeftAndRight) {
    const Image flipped = applied(entry("flip"), 1, 0), original = picture();
    for (int y = 0; y < 40; ++y)
        for (int x = 0; x < 48; ++x)
            for (int c = 0; c < 3; ++c) ASSERT_EQ(flipped.at(x, y)[c], original.at(47 - x, y)[c]);
}

TEST(Augmentation, GreyHasEqualChannelsNearTheLuma) {
    const Image grey = applied(entry("grey"), 1, 0), original = picture();
    for (size_t i = 0; i < grey.pixels.size(); i += 3) {
        EXPECT_EQ(grey.pixels[i], grey.pixels[i + 1]);
        EXPECT_EQ(grey.pixels[i], grey.pixels[i + 2]);
        EXPECT_NEAR(
            grey.pixels[i],
            0.299 * original.pixels[i] + 0.587 * original.pixels[i + 1] + 0.114 * original.pixels[i + 2], 1);
    }
}

TEST(Augmentation, NoiseHasTheDeviationThatWasDrawn) {
    Image flat(64, 64);
    std::ranges::fill(flat.pixels, uint8_t{128});
    double largest = 0;
    for (uint64_t step = 0; step < 20; ++step) {
        Image noisy = flat;
        PhiloxSequence random(1, "noise", step);
        change(noisy, entry("noise"), {20}, 1, random);
        PhiloxSequence again(1, "noise", step);
        const double deviation = again.uniform(0, 20);
        double squares = 0, sum = 0;
        for (const uint8_t value : noisy.pixels) {
            sum += value - 128.0;
            squares += (value - 128.0) * (value - 128.0);
        }
        const double count = double(noisy.pixels.size());
        EXPECT_NEAR(sum / count, 0, 1);
        // Rounding to whole numbers adds a variance of 1/12.
        EXPECT_NEAR(std::sqrt(squares / count), std::sqrt(deviation * deviation + 1.0 / 12),
                    0.05 * deviation + 0.05);
        largest = std::max(largest, deviation);
    }
    EXPECT_GT(largest, 10);
}

TEST(Augmentation, BlurKeepsAFlatPictureAndSmoothsAnEdge) {
    Image flat(20, 20);
    std::ranges::fill(flat.pixels, uint8_t{77});
    Image edge = flat;
    for (int y = 0; y < 20; ++y)
        for (int x = 10; x < 20; ++x) std::fill_n(edge.at(x, y), 3, uint8_t{177});
    PhiloxSequence random(1, "blur", 0);
    Image blurred = flat;
    change(blurred, entry("blur"), {3}, 1, random);
    EXPECT_EQ(blurred, flat);
    Image smooth = edge;
    PhiloxSequence more(1, "blur", 1);
    change(smooth, entry("blur"), {3}, 1, more);
    EXPECT_GT(smooth.at(9, 10)[0], 77);
    EXPECT_LT(smooth.at(10, 10)[0], 177);
    EXPECT_EQ(smooth.at(0, 10)[0], 77);
}

TEST(Augmentation, ProbabilitiesAreKept) {
    Augmentation augmentation;
    for (const Augmentation::Item& item : augmentation.items())
        augmentation.set_probability(item.entry->name, std::string(item.entry->name) == "flip" ? 0.3 : 0);
    int flipped = 0;
    for (uint64_t sample = 0; sample < 2000; ++sample) {
        Image image(2, 1);
        image.pixels = {1, 1, 1, 2, 2, 2};
        augmentation.apply(image, 5, 0, sample);
        flipped += image.pixels[0] == 2 ? 1 : 0;
    }
    EXPECT_NEAR(flipped / 2000.0, 0.3, 0.04);
}

// Of a grey picture with variance v the only component is (1, 1, 1) / √3 with eigenvalue 3 v.
TEST(Augmentation, PcaColourMovesAlongTheComponentsByTheirEigenvalues) {
    Image grey(64, 64), flat(8, 8);
    std::ranges::fill(flat.pixels, uint8_t{90});
    double variance = 0;
    for (size_t i = 0; i < grey.pixels.size(); ++i) grey.pixels[i] = uint8_t(96 + i / 3 % 64);
    for (int value = 0; value < 64; ++value) variance += std::pow((value - 31.5) / 255, 2) / 64;
    double squares = 0;
    constexpr int draws = 2000;
    for (uint64_t step = 0; step < draws; ++step) {
        Image moved = grey;
        PhiloxSequence random(1, "pca", step);
        change(moved, entry("pca_colour"), {2}, 1, random);
        const int shift = moved.pixels[0] - grey.pixels[0];
        for (size_t i = 0; i < moved.pixels.size(); ++i) ASSERT_EQ(moved.pixels[i], grey.pixels[i] + shift);
        squares += double(shift) * shift;
        Image same = flat;
        change(same, entry("pca_colour"), {2}, 1, random);
        EXPECT_EQ(same, flat);
    }
    const double expected = 255 * 2 * 3 * variance / std::sqrt(3.0);
    EXPECT_NEAR(std::sqrt(squares / draws), expected, 0.05 * expected);
    // Red alone varies: red alone moves.
    Image red = flat;
    for (size_t i = 0; i < red.pixels.size(); i += 3) red.pixels[i] = uint8_t(100 + i / 3);
    const Image before = red;
    PhiloxSequence random(1, "pca", 7);
    change(red, entry("pca_colour"), {5}, 1, random);
    EXPECT_NE(red.pixels[0], before.pixels[0]);
    EXPECT_EQ(red.pixels[1], 90);
    EXPECT_EQ(red.pixels[2], 90);
}

TEST(Augmentation, OneOfTheColoursIsDrawnInProportion) {
    Augmentation augmentation;
    const std::vector<std::pair<const char*, uint32_t>> group{
        {"brightness_contrast", brightness_contrast_stage},
        {"pca_colour", pca_colour_stage},
        {"hue_saturation", hue_saturation_stage}};
    for (const auto& [name, stage] : group)
        augmentation.set_probability(name, stage == pca_colour_stage ? 0.5 : 0.25);
    augmentation.set_one_of(0.7);
    std::map<uint32_t, int> counts;
    constexpr int samples = 4000;
    int flips = 0;
    for (uint64_t sample = 0; sample < samples; ++sample) {
        const AugmentationDraw draw = augmentation.draw(3, 1, sample, 8, 8);
        ++counts[draw.stages & (brightness_contrast_stage | pca_colour_stage | hue_saturation_stage)];
        flips += (draw.stages & flip_stage) != 0 ? 1 : 0;
    }
    EXPECT_EQ(counts.size(), 4u);  // none, or exactly one of the three
    EXPECT_NEAR(counts[0] / double(samples), 0.3, 0.03);
    EXPECT_NEAR(counts[pca_colour_stage] / double(samples), 0.35, 0.03);
    EXPECT_NEAR(counts[hue_saturation_stage] / double(samples), 0.175, 0.03);
    EXPECT_NEAR(flips / double(samples), 0.5, 0.03);
    for (const auto& [name, stage] : group) augmentation.set_probability(name, 0);
    for (uint64_t sample = 0; sample < 50; ++sample)
        EXPECT_EQ(augmentation.draw(3, 1, sample, 8, 8).stages &
                      (brightness_contrast_stage | pca_colour_stage | hue_saturation_stage),
                  0u);
    expect_error([&] { augmentation.set_one_of(1.5); }, {"one of", "1.5"});
}

TEST(Augmentation, WrongSettingsAreNamed) {
    Augmentation augmentation;
    expect_error([&] { augmentation.set_probability("flop", 0.5); }, {"flop", "jpeg, noise"});
    expect_error([&] { augmentation.set_probability("flip", 1.5); }, {"flip", "1.5"});
    expect_error([&] { augmentation.set_parameter("jpeg", "qality", 50); }, {"jpeg", "qality"});
    expect_error([&] { augmentation.set_parameter("jpeg", "quality", 500); }, {"quality of jpeg", "500"});
    expect_error([&] { augmentation.set_strength(2); }, {"strength", "2"});
}

}  // namespace
}  // namespace unmask
