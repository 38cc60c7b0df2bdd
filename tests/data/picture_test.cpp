// SPDX-License-Identifier: Apache-2.0
#include "data/picture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "data/picture_header.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// Smooth colours with some texture, the same every time.
Image colourful(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            image.at(x, y)[0] = uint8_t(255 * x / width);
            image.at(x, y)[1] = uint8_t(255 * y / height);
            image.at(x, y)[2] = uint8_t(128 + 40 * ((x / 8 + y / 8) % 2));
        }
    return image;
}

double mean_difference(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int(a.pixels[i]) - int(b.pixels[i]));
    return sum / double(a.pixels.size());
}

std::string text(const std::vector<uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

std::string little32(uint32_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += char(value >> (8 * i) & 0xFF);
    return bytes;
}

std::string bmp(uint32_t width, uint32_t height, const std::string& pixels) {
    using namespace std::string_literals;
    return "BM" + little32(uint32_t(54 + pixels.size())) + little32(0) + little32(54) + little32(40) +
           little32(width) + little32(height) + "\x01\0\x18\0"s + little32(0) + std::string(20, '\0') +
           pixels;
}

class PictureFiles : public ::testing::Test {
  protected:
    void expect_broken(const std::string& name, const std::string& content, std::vector<std::string> words) {
        write_content(folder / name, content);
        words.push_back((folder / name).string());
        expect_error([&] { static_cast<void>(read_picture(folder / name)); }, words);
    }
    TemporaryFolder folder;
    const Image image = colourful(50, 37);
    const std::string png = text(encode_png(image)), jpeg = text(encode_jpeg(image, 95));
};

TEST_F(PictureFiles, PngIsExactAndJpegIsClose) {
    write_png(folder / "a.png", image);
    EXPECT_EQ(read_picture(folder / "a.png"), image);
    write_jpeg(folder / "a.jpg", image, 95);
    const Image again = read_picture(folder / "a.jpg");
    ASSERT_EQ(again.width, 50);
    ASSERT_EQ(again.height, 37);
    EXPECT_LT(mean_difference(again, image), 3.0);
    EXPECT_LT(encode_jpeg(image, 20).size(), encode_jpeg(image, 95).size());
}

TEST_F(PictureFiles, TheContentDecidesOnTheFormat) {
    write_content(folder / "really_a_png.jpg", png);
    EXPECT_EQ(read_picture(folder / "really_a_png.jpg"), image);
    EXPECT_TRUE(looks_like_picture(folder / "really_a_png.jpg"));
    write_content(folder / "text.png", "BM is how this text begins, which is no bitmap");
    EXPECT_FALSE(looks_like_picture(folder / "text.png"));
    EXPECT_FALSE(looks_like_picture(folder / "missing.png"));
    EXPECT_FALSE(looks_like_picture(folder.path()));
}

TEST_F(PictureFiles, ReadsBmp) {
    // Two rows from the bottom, BGR, padded to four bytes.
    using namespace std::string_literals;
    write_content(folder / "a.bmp", bmp(1, 2, "\x01\x02\x03\0\x04\x05\x06\0"s));
    const Image read = read_picture(folder / "a.bmp");
    EXPECT_EQ(read.pixels, (std::vector<uint8_t>{6, 5, 4, 3, 2, 1}));
    // A negative height: rows from top to bottom.
    write_content(folder / "b.bmp", bmp(1, uint32_t(-2), "\x01\x02\x03\0\x04\x05\x06\0"s));
    EXPECT_EQ(read_picture(folder / "b.bmp").pixels, (std::vector<uint8_t>{3, 2, 1, 6, 5, 4}));
}

TEST_F(PictureFiles, MissingEmptyAndForeignFiles) {
    expect_error([&] { static_cast<void>(read_picture(folder / "none.png")); }, {"none.png", "no such file"});
    expect_error([&] { static_cast<void>(read_picture(folder.path())); }, {"found a folder"});
    expect_broken("empty.png", "", {"empty (0 bytes)"});
    expect_broken("text.png", "this is not a picture at all", {"not a picture", "PNG, JPEG or BMP"});
    expect_broken("a.webp", "RIFF\x10\x01\x01\x01WEBPVP8 ", {"found a WebP file"});
}

TEST_F(PictureFiles, TruncatedAnywhereIsAnError) {
    for (double part : {0.01, 0.1, 0.5, 0.9, 0.999}) {
        expect_broken("cut.png", png.substr(0, std::max<size_t>(9, size_t(double(png.size()) * part))),
                      {"truncated"});
        expect_broken("cut.jpg", jpeg.substr(0, std::max<size_t>(4, size_t(double(jpeg.size()) * part))),
                      {"truncated"});
    }
    const std::string whole = bmp(10, 10, std::string(320, 'x'));
    expect_broken("cut.bmp", whole.substr(0, whole.size() - 1),
                  {"truncated", "expected 374 bytes, found 373"});
    // Every length must end in an error or a picture, never in a crash.
    for (size_t size = 0; size < jpeg.size(); size += 7) {
        const std::vector<uint8_t> bytes(jpeg.begin(), jpeg.begin() + std::ptrdiff_t(size));
        EXPECT_THROW(static_cast<void>(read_picture_from_memory(bytes)), Error) << size;
    }
}

TEST_F(PictureFiles, CorruptIsAnError) {
    std::string broken = png;
    broken[broken.size() / 2] ^= 0x10;
    expect_broken("flipped.png", broken, {"corrupt", "checksum of chunk IDAT"});
    broken = jpeg;
    broken[2] = 'x';  // no marker where one must be
    expect_broken("flipped.jpg", broken, {"not a picture"});
    broken = jpeg;
    const size_t tables = broken.find("\xff\xdb");
    broken[tables] = 'x';
    expect_broken("tables.jpg", broken, {"corrupt", "expected a marker"});
    // Whatever byte is wrong: an error or a picture, nothing else.
    for (size_t at = 0; at < jpeg.size(); at += 11) {
        std::vector<uint8_t> bytes(jpeg.begin(), jpeg.end());
        bytes[at] ^= 0x5A;
        try {
            static_cast<void>(read_picture_from_memory(bytes));
        } catch (const Error&) {
        }
    }
}

TEST_F(PictureFiles, HugeSizesAreRefusedFromTheHeader) {
    std::string huge = png;
    const std::string side{'\x00', '\x01', '\x86', '\xA0'};  // 100000
    huge.replace(16, 4, side);
    huge.replace(20, 4, side);
    expect_broken("huge.png", huge, {"too large", "100000 x 100000"});
    // 10000 x 10000 pixels are not too many, unless with 16 bits a channel.
    huge.replace(18, 2, "\x27\x10");
    huge.replace(16, 2, std::string(2, '\0'));
    huge.replace(20, 2, std::string(2, '\0'));
    huge.replace(22, 2, "\x27\x10");
    huge[24] = 16;
    expect_broken("deep.png", huge, {"too large", "10000 x 10000", "600000000 bytes"});
    expect_broken("huge.bmp", bmp(100000, 100000, ""), {"too large", "100000 x 100000"});
    expect_broken("negative.bmp", bmp(-1785358955, -1785358955, ""), {"a size of -1785358955 x 1785358955"});
    std::string wide = jpeg;
    const size_t frame = wide.find("\xff\xc0");
    wide.replace(frame + 5, 4, "\xff\xff\xff\xff");
    expect_broken("huge.jpg", wide, {"too large", "65535 x 65535"});
}

TEST_F(PictureFiles, ExifOrientationIsApplied) {
    using namespace std::string_literals;
    // One entry, tag 0x0112, type short, count 1, value 6: to be turned by 90 degrees clockwise.
    const std::string little = "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
    const std::string big = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"s;
    for (const std::string& exif : {little, big}) {
        std::string turned = jpeg;
        turned.insert(2, "\xff\xe1"s + char(0) + char(exif.size() + 2) + exif);
        write_content(folder / "turned.jpg", turned);
        const Image seen = read_picture(folder / "turned.jpg");
        ASSERT_EQ(seen.width, 37);
        ASSERT_EQ(seen.height, 50);
        // The stored picture's left bottom corner comes to the top left: red low, green high.
        EXPECT_LT(seen.at(2, 2)[0], 60);
        EXPECT_GT(seen.at(2, 2)[1], 200);
    }
}

TEST_F(PictureFiles, WritingChecksItsInput) {
    expect_error([&] { static_cast<void>(encode_png(Image())); }, {"empty"});
    expect_error([&] { static_cast<void>(encode_jpeg(image, 0)); }, {"1 to 100", "found 0"});
    expect_error([&] { write_png(folder / "no" / "folder.png", image); }, {"folder.png", "No such file"});
}

}  // namespace
}  // namespace unmask
