// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/self_blend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/data/self_blend/drawn_landmarks.h"
#include "tests/data/self_blend/smooth_picture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr int side = 96;

TEST(SelfBlend, StrengthZeroIsThePictureItself) {
    const Image picture = smooth_picture(side, side);
    const SelfBlendOptions options{.strength = 0};
    for (uint64_t face = 0; face < 12; ++face) {
        const SelfBlendDraw draw = draw_self_blend(options, 1, 0, face);
        EXPECT_EQ(self_blend(picture, drawn_landmarks(side), options, draw), picture);
        EXPECT_EQ(self_blend_target(picture, draw), picture);
    }
    expect_error([] { static_cast<void>(draw_self_blend({.strength = 1.1}, 1, 0, 0)); }, {"0 to 1", "1.1"});
    expect_error([] { static_cast<void>(self_blend(Image(), {}, {}, SelfBlendDraw{})); }, {"empty"});
}

TEST(SelfBlend, ChangesTheTargetUnderTheMaskOnly) {
    const Image picture = smooth_picture(side, side);
    const SelfBlendOptions options;
    int changed = 0;
    for (uint64_t face = 0; face < 40; ++face) {
        const SelfBlendDraw draw = draw_self_blend(options, 7, 3, face);
        const Landmarks landmarks = face % 2 == 0 ? drawn_landmarks(side) : Landmarks();
        const Mask mask = self_blend_mask(picture, landmarks, options, draw);
        const Image target = self_blend_target(picture, draw);
        const Image forged = self_blend(picture, landmarks, options, draw);
        ASSERT_EQ(forged.width, side);
        EXPECT_NE(forged, target) << face;
        EXPECT_EQ(target != picture, draw.changes_target) << face;
        int covered = 0;
        for (size_t p = 0; p < mask.values.size(); ++p) {
            ASSERT_GE(mask.values[p], 0.f);
            ASSERT_LE(mask.values[p], 1.f);
            covered += mask.values[p] > 0.5f ? 1 : 0;
            const bool same =
                std::equal(&forged.pixels[3 * p], &forged.pixels[3 * p] + 3, &target.pixels[3 * p]);
            if (mask.values[p] == 0.f) {
                ASSERT_TRUE(same) << "face " << face << ", pixel " << p;
            }
            changed += same ? 0 : 1;
        }
        // A face is neither nothing nor everything, and the crop's corners are never its part.
        EXPECT_GT(covered, side * side / 40) << face;
        EXPECT_LT(covered, side * side * 7 / 10) << face;
        for (const int corner : {0, side - 1}) EXPECT_EQ(mask.at(corner, corner), 0.f) << face;
        // Nothing black comes in from outside: the picture has nothing darker than 58, jitter leaves 15.
        EXPECT_GT(*std::ranges::min_element(forged.pixels), 0) << face;
    }
    EXPECT_GT(changed, 40 * side * side / 20);
}

TEST(SelfBlend, TheMaskHasNoSteps) {
    const Image picture(256, 256);
    const SelfBlendOptions options;
    for (uint64_t face = 0; face < 24; ++face) {
        const Mask mask =
            self_blend_mask(picture, drawn_landmarks(256), options, draw_self_blend(options, 1, 1, face));
        float steepest = 0;
        for (int y = 1; y < 256; ++y)
            for (int x = 1; x < 256; ++x)
                steepest = std::max({steepest, std::abs(mask.at(x, y) - mask.at(x - 1, y)),
                                     std::abs(mask.at(x, y) - mask.at(x, y - 1))});
        EXPECT_LT(steepest, 0.6f) << face;
        EXPECT_GT(steepest, 0.02f) << face;
    }
}

TEST(SelfBlend, TheMaskFollowsTheLandmarks) {
    const Image picture(side, side);
    const SelfBlendOptions options{.strength = 0};
    SelfBlendDraw draw = draw_self_blend(options, 1, 1, 1);
    draw.part = FacePart::below_brow;
    Landmarks landmarks = drawn_landmarks(side);
    const auto centre = [&](const Mask& mask) {
        double x = 0, sum = 0;
        for (int y = 0; y < side; ++y)
            for (int i = 0; i < side; ++i) {
                x += i * double(mask.at(i, y));
                sum += mask.at(i, y);
            }
        return x / sum;
    };
    const double before = centre(self_blend_mask(picture, landmarks, options, draw));
    for (Point& point : landmarks) point.x += 9;
    EXPECT_NEAR(centre(self_blend_mask(picture, landmarks, options, draw)), before + 9, 0.1);
    // Without them: the middle, as large as the box says.
    EXPECT_NEAR(centre(self_blend_mask(picture, {}, options, draw)), (side - 1) / 2.0, 0.1);
    draw.shift.x = 0.1;
    EXPECT_NEAR(centre(self_blend_mask(picture, {}, options, draw)), (side - 1) / 2.0 + 9.6, 0.1);
}

TEST(SelfBlend, IsAFunctionOfSeedEpochAndFace) {
    const Image picture = smooth_picture(side, side);
    const SelfBlendOptions options;
    const auto forge = [&](uint64_t seed, int64_t epoch, uint64_t face) {
        return self_blend(picture, {}, options, draw_self_blend(options, seed, epoch, face));
    };
    const Image first = forge(1, 2, 3);
    EXPECT_EQ(forge(1, 2, 3), first);
    EXPECT_NE(forge(2, 2, 3), first);
    EXPECT_NE(forge(1, 3, 3), first);
    EXPECT_NE(forge(1, 2, 4), first);
}

TEST(SelfBlend, RatiosAndRolesComeAsOftenAsTheyShould) {
    std::map<double, int> ratios;
    int targets = 0, coarse = 0;
    constexpr int count = 3000;
    for (uint64_t face = 0; face < count; ++face) {
        const SelfBlendDraw draw = draw_self_blend({}, 5, 0, face);
        ++ratios[draw.ratio];
        targets += draw.changes_target ? 1 : 0;
        EXPECT_NE(draw.resolution.factor != 1, draw.sharpen.amount != 0);
        coarse += draw.resolution.factor != 1 ? 1 : 0;
    }
    ASSERT_EQ(ratios.size(), 4u);
    for (const double ratio : {0.25, 0.5, 0.75}) EXPECT_NEAR(ratios[ratio], count / 6, 90);
    EXPECT_NEAR(ratios[1], count / 2, 120);
    EXPECT_NEAR(targets, count / 2, 120);
    EXPECT_NEAR(coarse, count / 2, 120);
}

TEST(SelfBlend, BlendsByShareAndRatio) {
    Image source(3, 1), target(3, 1);
    std::ranges::fill(source.pixels, uint8_t(200));
    std::ranges::fill(target.pixels, uint8_t(100));
    Mask mask(3, 1);
    mask.values = {0, 0.5, 1};
    const Image whole = blend(source, target, mask, 1), half = blend(source, target, mask, 0.5);
    EXPECT_EQ(whole.pixels, (std::vector<uint8_t>{100, 100, 100, 150, 150, 150, 200, 200, 200}));
    EXPECT_EQ(half.pixels, (std::vector<uint8_t>{100, 100, 100, 125, 125, 125, 150, 150, 150}));
    EXPECT_EQ(blend(target, source, mask, 1).pixels[8], 100);
}

}  // namespace
}  // namespace unmask
