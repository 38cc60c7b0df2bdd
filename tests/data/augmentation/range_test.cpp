// SPDX-License-Identifier: Apache-2.0
// How far augmentations go: what they did is measured on pictures that show it, over many draws.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "data/augmentation/augmentation.h"

namespace unmask {
namespace {

constexpr uint64_t draws = 400;

Image changed(const std::string& name, const std::vector<double>& parameters, Image image, uint64_t step) {
    const auto entry = std::ranges::find(
        augmentation_table(), name, [](const AugmentationEntry& each) { return std::string(each.name); });
    if (entry == std::ranges::end(augmentation_table())) throw std::runtime_error("no augmentation " + name);
    PhiloxSequence random(5, "augmentation.range", step);
    AugmentationDraw draw{};
    entry->draw(parameters, 1, random, image.width, image.height, draw);
    Augmentation::apply(image, draw);
    return image;
}

// The least and the greatest of what was seen: within the bound either way, and close to it in `draws` draws.
class Range {
  public:
    void add(double value) {
        low_ = std::min(low_, value);
        high_ = std::max(high_, value);
    }
    void expect(double bound, double rounding) const {
        EXPECT_GE(low_, -bound - rounding);
        EXPECT_LE(high_, bound + rounding);
        EXPECT_LT(low_, -0.95 * bound + rounding);
        EXPECT_GT(high_, 0.95 * bound - rounding);
    }

  private:
    double low_ = 0, high_ = 0;
};

TEST(AugmentationRange, BrightnessAndContrast) {
    Range brightness, contrast;
    for (uint64_t step = 0; step < draws; ++step) {
        Image image(2, 1);
        std::fill_n(image.at(0, 0), 3, uint8_t{100});
        std::fill_n(image.at(1, 0), 3, uint8_t{155});  // 127.5 lies between them
        image = changed("brightness_contrast", {0.15, 0.25}, image, step);
        const double dark = image.at(0, 0)[1], light = image.at(1, 0)[1];
        brightness.add(((dark + light) / 2 - 127.5) / 255);
        contrast.add((light - dark) / 55 - 1);
    }
    brightness.expect(0.15, 0.5 / 255);
    contrast.expect(0.25, 1.0 / 55);
}

TEST(AugmentationRange, HueAndSaturation) {
    constexpr double pi = std::numbers::pi;
    const auto colour = [](const uint8_t* p) {
        const double luma = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        return std::array<double, 3>{luma, 0.564 * (p[2] - luma), 0.713 * (p[0] - luma)};
    };
    Range hue, saturation;
    for (uint64_t step = 0; step < draws; ++step) {
        Image image(1, 1);
        std::copy_n(std::array<uint8_t, 3>{190, 110, 70}.data(), 3, image.at(0, 0));
        const auto before = colour(image.at(0, 0));
        image = changed("hue_saturation", {20, 0.3}, image, step);
        const auto after = colour(image.at(0, 0));
        EXPECT_NEAR(after[0], before[0], 1);
        hue.add(std::remainder(std::atan2(after[2], after[1]) - std::atan2(before[2], before[1]), 2 * pi) *
                180 / pi);
        saturation.add(std::hypot(after[1], after[2]) / std::hypot(before[1], before[2]) - 1);
    }
    hue.expect(20, 1);
    saturation.expect(0.3, 0.02);
}

// Where the bright spot is, from the picture's centre.
std::array<double, 2> spot(const Image& image) {
    double sum = 0, x_sum = 0, y_sum = 0;
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x) {
            const double light = image.at(x, y)[0];
            sum += light;
            x_sum += light * (x + 0.5 - image.width / 2.0);
            y_sum += light * (y + 0.5 - image.height / 2.0);
        }
    return {x_sum / sum, y_sum / sum};
}

Image with_spot() {
    Image image(120, 100);
    for (int y = 58; y < 63; ++y)
        for (int x = 78; x < 83; ++x) std::fill_n(image.at(x, y), 3, uint8_t{200});
    return image;
}

TEST(AugmentationRange, AffineShift) {
    const auto [x, y] = spot(with_spot());
    Range right, down;
    for (uint64_t step = 0; step < draws; ++step) {
        const auto [new_x, new_y] = spot(changed("affine", {0.1, 0, 0}, with_spot(), step));
        right.add((new_x - x) / 120);
        down.add((new_y - y) / 100);
    }
    right.expect(0.1, 0.001);
    down.expect(0.1, 0.001);
}

TEST(AugmentationRange, AffineScale) {
    const auto [x, y] = spot(with_spot());
    Range scale;
    for (uint64_t step = 0; step < draws; ++step) {
        const auto [new_x, new_y] = spot(changed("affine", {0, 0.2, 0}, with_spot(), step));
        EXPECT_NEAR(std::atan2(new_y, new_x), std::atan2(y, x), 0.01);
        scale.add(std::hypot(new_x, new_y) / std::hypot(x, y) - 1);
    }
    scale.expect(0.2, 0.005);
}

TEST(AugmentationRange, AffineRotation) {
    const auto [x, y] = spot(with_spot());
    Range degrees;
    for (uint64_t step = 0; step < draws; ++step) {
        const auto [new_x, new_y] = spot(changed("affine", {0, 0, 15}, with_spot(), step));
        EXPECT_NEAR(std::hypot(new_x, new_y), std::hypot(x, y), 0.1);
        degrees.add((std::atan2(new_y, new_x) - std::atan2(y, x)) * 180 / std::numbers::pi);
    }
    degrees.expect(15, 0.3);
}

}  // namespace
}  // namespace unmask
