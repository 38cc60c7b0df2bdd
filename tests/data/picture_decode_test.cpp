// SPDX-License-Identifier: Apache-2.0
#include "data/picture_decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <thread>

#include "data/picture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Image smooth(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                image.at(x, y)[c] = uint8_t(120 + 60 * std::sin(0.13 * x + c) + 50 * std::cos(0.09 * y - c));
    return image;
}

// Whichever decoder the build has: at most 3 levels from stb_image's pixels, chroma whole or halved.
TEST(JpegDecoder, MakesNearlyThePixelsOfTheOther) {
    EXPECT_TRUE(std::string(jpeg_decoder()) == "libjpeg-turbo" || std::string(jpeg_decoder()) == "stb_image");
    for (const int quality : {60, 90, 95})
        for (const auto& [width, height] : {std::pair{64, 48}, std::pair{37, 21}, std::pair{1, 1}}) {
            const std::vector<uint8_t> file = encode_jpeg(smooth(width, height), quality);
            const Image found = decode_jpeg(file, read_picture_header(file), "a.jpg"),
                        expected = decode_with_stb(file, read_picture_header(file), "a.jpg");
            ASSERT_EQ(found.width, width);
            ASSERT_EQ(found.height, height);
            for (size_t i = 0; i < found.pixels.size(); ++i)
                ASSERT_LE(std::abs(found.pixels[i] - expected.pixels[i]), 3) << quality << " " << i;
        }
}

// What one decoder complains about the other decides on, so that every build accepts the same files.
TEST(JpegDecoder, LeavesDamagedFilesToTheSameJudge) {
    const std::vector<uint8_t> file = encode_jpeg(smooth(64, 48), 90);
    // Behind the headers, which are judged before any decoder sees them.
    constexpr std::array<uint8_t, 2> scan_marker{0xff, 0xda};
    const auto scan = std::ranges::search(file, scan_marker);
    ASSERT_FALSE(scan.empty());
    int same = 0;
    for (auto cut = size_t(scan.begin() - file.begin()) + 20; cut + 2 < file.size(); cut += 41) {
        std::vector<uint8_t> damaged(file.begin(), file.begin() + std::ptrdiff_t(cut));
        damaged.insert(damaged.end(), {0xff, 0xd9});
        std::string expected, found;
        Image by_stb, by_build;
        try {
            by_stb = decode_with_stb(damaged, read_picture_header(damaged), "a.jpg");
        } catch (const std::exception& error) {
            expected = error.what();
        }
        try {
            by_build = decode_jpeg(damaged, read_picture_header(damaged), "a.jpg");
        } catch (const std::exception& error) {
            found = error.what();
        }
        EXPECT_EQ(found, expected) << cut;
        same += by_build == by_stb ? 1 : 0;
    }
    EXPECT_GT(same, 3);
}

// Whatever byte of a picture is wrong, the next picture is decoded as ever.
TEST(JpegDecoder, ADamagedPictureChangesNoOther) {
    const std::vector<uint8_t> file = encode_jpeg(smooth(37, 50), 90),
                               other = encode_jpeg(smooth(23, 16), 95);
    Image expected;
    std::thread([&] {
        expected = decode_jpeg(other, read_picture_header(other), "b.jpg");
    }).join();  // that has seen nothing yet
    for (size_t at = 0; at < file.size(); at += 11) {
        std::vector<uint8_t> damaged = file;
        damaged[at] ^= 0x5a;
        try {
            static_cast<void>(decode_jpeg(damaged, read_picture_header(damaged), "a.jpg"));
        } catch (const std::exception&) {
        }
        ASSERT_EQ(decode_jpeg(other, read_picture_header(other), "b.jpg"), expected) << at;
    }
}

TEST(JpegDecoder, SeveralThreadsGetTheSamePixels) {
    const std::vector<uint8_t> file = encode_jpeg(smooth(80, 60), 80);
    const Image expected = decode_jpeg(file, read_picture_header(file), "a.jpg");
    std::vector<Image> found(4);
    std::vector<std::thread> threads;
    for (Image& image : found)
        threads.emplace_back([&] {
            for (int i = 0; i < 5; ++i) image = decode_jpeg(file, read_picture_header(file), "a.jpg");
        });
    for (std::thread& thread : threads) thread.join();
    for (const Image& image : found) EXPECT_EQ(image, expected);
}

// Another size than the header's was not judged.
TEST(JpegDecoder, RefusesAnotherSizeThanTheHeaders) {
    const std::vector<uint8_t> file = encode_jpeg(smooth(64, 48), 90);
    PictureHeader header = read_picture_header(file);
    header.height = 47;
    expect_error([&] { static_cast<void>(decode_jpeg(file, header, "a.jpg")); },
                 {"a.jpg", "expected 64 x 47 pixels as in its header, found 64 x 48"});
}

// 4 MB of zeros in a file of 30 kB whose header says that it is one pixel.
TEST(StbDecoder, UnpacksNoMoreThanTheHeaderSays) {
    std::vector<uint8_t> file = encode_png(Image(1200, 1200));
    ASSERT_LT(file.size(), 65536u);
    EXPECT_EQ(decode_with_stb(file, read_picture_header(file), "a.png"), Image(1200, 1200));
    for (const size_t size : {16, 20}) {  // the checksum behind them stb_image does not read
        std::fill_n(&file[size], 3, uint8_t{0});
        file[size + 3] = 1;
    }
    PictureHeader header{FileMagic::png};
    header.width = header.height = 1;
    expect_error([&] { static_cast<void>(decode_with_stb(file, header, "a.png")); },
                 {"a.png", "corrupt", "unpacks to more than its 1 x 1 pixels take"});
}

}  // namespace
}  // namespace unmask
