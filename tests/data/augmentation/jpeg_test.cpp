// SPDX-License-Identifier: Apache-2.0
// The JPEG stage against the project's encoder and decoder.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "cpu/augment_picture.h"
#include "data/picture.h"
#include "data/picture_decode.h"
#include "engine/ops/jpeg_block.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// Smooth colours, patches with hard edges; `texture` adds waves and grain.
Image picture(int width, int height, bool texture) {
    Image image(width, height);
    PhiloxSequence random(1, "jpeg.test");
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) {
                double value = 128 + 60 * std::sin(0.05 * x + c) + 40 * std::cos(0.07 * y - 0.5 * c);
                if ((x / 40 + y / 30) % 2 != 0) value += 20;
                if (texture) value += 20 * std::sin(0.9 * x + 0.4 * y + c) + random.uniform(-8, 8);
                image.at(x, y)[c] = uint8_t(std::clamp(value, 0.0, 255.0));
            }
    return image;
}

Image damaged(Image image, int quality) {
    apply_jpeg({image.pixels.data(), image.width, image.height}, quality);
    return image;
}

double psnr(const Image& a, const Image& b) {
    double squares = 1e-9;
    for (size_t i = 0; i < a.pixels.size(); ++i) squares += std::pow(double(a.pixels[i]) - b.pixels[i], 2);
    return 10 * std::log10(255.0 * 255.0 * double(a.pixels.size()) / squares);
}

double mean_change(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); ++i) sum += double(a.pixels[i]) - b.pixels[i];
    return sum / double(a.pixels.size());
}

Image decoded(const std::vector<uint8_t>& file) {
    return decode_with_stb(file, read_picture_header(file), "a.jpg");
}

// The two differ where a coefficient lies between two levels and where the encoder keeps fractions of a
// chroma sample that libjpeg rounds: measured 39 to 52 dB apart, where the loss itself is 27 to 52 dB; that
// loss is the same within 0.2 dB below quality 95 and 1.1 dB at 100, where all that is lost is rounding.
TEST(JpegStage, LosesWhatTheEncoderAndDecoderLose) {
    for (const bool texture : {false, true})
        for (const int quality : {60, 65, 70, 75, 80, 85, 90, 91, 95, 98, 100})
            for (const auto& [width, height] : {std::pair{224, 224}, std::pair{33, 47}, std::pair{80, 64}}) {
                const Image original = picture(width, height, texture), found = damaged(original, quality);
                const Image coded = decoded(encode_jpeg(original, quality));
                const std::string where = testing::PrintToString(std::tuple(texture, quality, width, height));
                EXPECT_GT(psnr(found, coded), 38) << where;
                EXPECT_LT(std::abs(mean_change(found, coded)), 0.2) << where;
                EXPECT_NEAR(psnr(found, original), psnr(coded, original), quality <= 95 ? 0.4 : 1.3) << where;
            }
}

// Coefficients times 8 against the transform in float64, and back to the samples.
TEST(JpegStage, TransformsByCosines) {
    PhiloxSequence random(2, "jpeg.test");
    double largest = 0;
    for (int trial = 0; trial < 50; ++trial) {
        int samples[64], block[8][8], coefficients[8][8];  // coefficients[v]: row v of the transform
        for (int& sample : samples) sample = int(random.below(256)) - 128;
        for (int x = 0; x < 8; ++x) {
            for (int y = 0; y < 8; ++y) block[x][y] = samples[8 * y + x];
            jpeg_forward_transform<true>(block[x]);
        }
        for (int v = 0; v < 8; ++v) {
            for (int x = 0; x < 8; ++x) coefficients[v][x] = block[x][v];
            jpeg_forward_transform<false>(coefficients[v]);
        }
        for (int v = 0; v < 8; ++v)
            for (int u = 0; u < 8; ++u) {
                double expected = 2 * (u == 0 ? std::sqrt(0.5) : 1) * (v == 0 ? std::sqrt(0.5) : 1), sum = 0;
                for (int i = 0; i < 64; ++i)
                    sum += samples[i] * std::cos((2 * (i % 8) + 1) * u * std::numbers::pi / 16) *
                           std::cos((2 * (i / 8) + 1) * v * std::numbers::pi / 16);
                expected *= sum;
                largest = std::max(largest, std::abs(coefficients[v][u] - expected));
                coefficients[v][u] = int(std::lround(expected / 8));
            }
        for (int v = 0; v < 8; ++v) jpeg_inverse_transform<true>(coefficients[v]);
        for (int x = 0; x < 8; ++x) {
            for (int v = 0; v < 8; ++v) block[x][v] = coefficients[v][x];
            jpeg_inverse_transform<false>(block[x]);
            // Coefficients were rounded: a deviation of 1/3 on every sample.
            for (int y = 0; y < 8; ++y) EXPECT_NEAR(block[x][y], samples[8 * y + x], 2);
        }
    }
    EXPECT_LT(largest, 1.6);  // a fifth of a coefficient
}

TEST(JpegStage, LosesMoreAtLowerQuality) {
    const Image original = picture(96, 64, true);
    double before = 0;
    for (const int quality : {1, 10, 30, 50, 70, 90, 91, 100}) {
        const double now = psnr(damaged(original, quality), original);
        EXPECT_GT(now, before) << quality;
        before = now;
    }
}

// A flat picture has nothing but the coefficient of the mean, times 8: it comes back within half its step
// / 8.
TEST(JpegStage, KeepsAFlatPicture) {
    for (const int quality : {60, 90, 91, 100})
        for (int level = 0; level < 256; level += 15) {
            Image flat(21, 10);
            std::ranges::fill(flat.pixels, uint8_t(level));
            const Image found = damaged(flat, quality);
            for (const uint8_t value : found.pixels) EXPECT_NEAR(value, level, 1) << quality;
        }
}

TEST(JpegStage, TakesPicturesOfAPixel) {
    for (const int quality : {75, 95})
        for (const auto& [width, height] :
             {std::pair{1, 1}, std::pair{1, 17}, std::pair{18, 1}, std::pair{2, 2}}) {
            const Image original = picture(width, height, false), found = damaged(original, quality);
            const Image coded = decoded(encode_jpeg(original, quality));
            for (size_t i = 0; i < found.pixels.size(); ++i) EXPECT_NEAR(found.pixels[i], coded.pixels[i], 6);
        }
}

}  // namespace
}  // namespace unmask
