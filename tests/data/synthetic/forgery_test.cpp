// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/forgery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr int size = 128;

ForgedFace forge(uint64_t seed, float strength) {
    return forge_face(make_identity(seed), make_view(seed + 50), make_identity(seed + 500), size,
                      {seed, strength});
}

// Mean absolute difference from the untouched picture where the mask is above a level, in values from 0 to
// 255.
double changed_inside(const ForgedFace& forged, const Image& real, float level) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < forged.mask.size(); ++i) {
        if (forged.mask[i] <= level) continue;
        for (size_t c = 0; c < 3; ++c)
            sum += std::abs(int(forged.image.pixels[3 * i + c]) - int(real.pixels[3 * i + c]));
        count += 3;
    }
    return sum / count;
}

// Mean absolute second difference along rows inside the mask: how much fine texture there is.
double texture_inside(const Image& image, const std::vector<float>& mask) {
    double sum = 0, count = 0;
    for (int y = 0; y < image.height; ++y) {
        for (int x = 1; x + 1 < image.width; ++x) {
            if (mask[size_t(y) * image.width + x] < 0.9f) continue;
            sum += std::abs(2 * int(image.at(x, y)[1]) - int(image.at(x - 1, y)[1]) -
                            int(image.at(x + 1, y)[1]));
            ++count;
        }
    }
    return sum / count;
}

TEST(SyntheticForgery, IsDeterministic) {
    const ForgedFace a = forge(1, 0.6f), b = forge(1, 0.6f);
    EXPECT_EQ(a.image, b.image);
    EXPECT_EQ(a.mask, b.mask);
    const ForgedFace other =
        forge_face(make_identity(1), make_view(51), make_identity(501), size, ForgeryOptions{2, 0.6f});
    EXPECT_NE(a.image, other.image);
}

TEST(SyntheticForgery, ChangesTheMaskedFaceAndNothingElse) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
        const Image real = draw_face(make_identity(seed), make_view(seed + 50), size).image;
        const ForgedFace forged = forge(seed, 0.6f);
        ASSERT_EQ(forged.mask.size(), size_t(size) * size);
        for (size_t i = 0; i < forged.mask.size(); ++i) {
            ASSERT_GE(forged.mask[i], 0.0f);
            ASSERT_LE(forged.mask[i], 1.0001f);
            if (forged.mask[i] > 0) continue;
            for (size_t c = 0; c < 3; ++c)
                ASSERT_EQ(forged.image.pixels[3 * i + c], real.pixels[3 * i + c]) << seed;
        }
        EXPECT_GT(changed_inside(forged, real, 0.5f), 3.0) << seed;
    }
}

TEST(SyntheticForgery, MaskIsSoftAndCoversTheInnerFace) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
        const ForgedFace forged = forge(seed, 0.6f);
        const auto at = [&](const FacePoint& point) {
            return forged.mask[size_t(point.y) * size + size_t(point.x)];
        };
        for (const FacePoint& point : forged.landmarks.alignment()) EXPECT_GT(at(point), 0.5f) << seed;
        EXPECT_EQ(forged.mask.front(), 0.0f);
        EXPECT_EQ(forged.mask.back(), 0.0f);
        const auto covered =
            std::count_if(forged.mask.begin(), forged.mask.end(), [](float m) { return m > 0.5f; });
        EXPECT_GT(covered, size * size / 16) << seed;
        EXPECT_LT(covered, size * size / 3) << seed;
        float steepest = 0;
        for (size_t i = 1; i < forged.mask.size(); ++i)
            steepest = std::max(steepest, std::abs(forged.mask[i] - forged.mask[i - 1]));
        EXPECT_LT(steepest, 0.5f) << seed;
    }
}

TEST(SyntheticForgery, StrengthZeroLeavesTheTarget) {
    const DrawnFace real = draw_face(make_identity(3), make_view(53), size);
    const ForgedFace forged = forge(3, 0.0f);
    EXPECT_EQ(forged.image, real.image);
    EXPECT_EQ(forged.face, real.face);
    EXPECT_TRUE(std::all_of(forged.mask.begin(), forged.mask.end(), [](float m) { return m == 0; }));
}

TEST(SyntheticForgery, StrengthScalesTheFlaws) {
    double faint = 0, weak = 0, strong = 0;
    for (uint64_t seed = 0; seed < 8; ++seed) {
        const Image real = draw_face(make_identity(seed), make_view(seed + 50), size).image;
        faint += changed_inside(forge(seed, 0.05f), real, 0.0f);
        weak += changed_inside(forge(seed, 0.3f), real, 0.0f);
        strong += changed_inside(forge(seed, 1.0f), real, 0.0f);
    }
    EXPECT_LT(faint, 0.5 * weak);
    EXPECT_LT(weak, strong);
}

// The same person put onto themselves still shows the lower resolution and the missing noise.
TEST(SyntheticForgery, BlendedFaceLacksFineTexture) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
        FaceView view = make_view(seed);
        view.noise = 0.015f;
        view.blur = 0.4f;
        const Image real = draw_face(make_identity(seed), view, size).image;
        const ForgedFace forged =
            forge_face(make_identity(seed), view, make_identity(seed), size, {seed, 0.6f});
        EXPECT_LT(texture_inside(forged.image, forged.mask), 0.8 * texture_inside(real, forged.mask)) << seed;
    }
}

TEST(SyntheticForgery, StrengthOutsideTheRangeIsAnError) {
    EXPECT_THROW((void)forge(1, -0.1f), Error);
    EXPECT_THROW((void)forge(1, 1.5f), Error);
    EXPECT_THROW((void)forge(1, NAN), Error);
}

}  // namespace
}  // namespace unmask
