// SPDX-License-Identifier: Apache-2.0
#include "data/picture_header.h"

#include <gtest/gtest.h>

#include <string>

#include "data/picture.h"
#include "engine/philox.h"

namespace unmask {
namespace {

using Bytes = std::vector<uint8_t>;

void append(Bytes& bytes, const std::string& text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
}
std::string big(uint32_t value, int width) {
    std::string text;
    for (int i = width - 1; i >= 0; --i) text += char(value >> (8 * i));
    return text;
}
std::string little(uint32_t value, int width) {
    std::string text;
    for (int i = 0; i < width; ++i) text += char(value >> (8 * i));
    return text;
}
Image grey(int width, int height) {
    Image image(width, height);
    for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = uint8_t(i * 5);
    return image;
}

// A JPEG segment: marker, length, data.
std::string segment(uint8_t marker, const std::string& data) {
    return std::string("\xFF") + char(marker) + big(uint32_t(data.size() + 2), 2) + data;
}
// SOI, the segments, a scan of the bytes, EOI.
Bytes jpeg(const std::string& segments, const std::string& scan = "ab") {
    Bytes bytes;
    append(bytes, "\xFF\xD8" + segments + segment(0xDA, "") + scan + "\xFF\xD9");
    return bytes;
}
// A Huffman table: class and number, the counts of codes of 1 to 16 bits, the codes' values.
std::string huffman_table(const std::vector<int>& counts) {
    std::string text(17, '\0'), values;
    for (size_t i = 0; i < counts.size(); ++i) {
        text[i + 1] = char(counts[i]);
        values += std::string(size_t(counts[i]), 'v');
    }
    return text + values;
}
// Frame start: precision, height, width, channels.
std::string frame(uint8_t marker, int width, int height, int channels) {
    return segment(marker, "\x08" + big(uint32_t(height), 2) + big(uint32_t(width), 2) + char(channels));
}
std::string exif(bool is_little, uint32_t orientation, uint32_t directory = 8) {
    const auto number = [&](uint32_t value, int width) {
        return is_little ? little(value, width) : big(value, width);
    };
    return std::string("Exif\0\0", 6) + (is_little ? "II" : "MM") + number(42, 2) + number(directory, 4) +
           number(2, 2) + number(0x010F, 2) + number(3, 2) + number(1, 4) + number(9, 2) + number(0, 2) +
           number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2);
}
Bytes bmp(uint32_t header_size, uint32_t width, uint32_t height, uint32_t bits, size_t pixels) {
    const bool old = header_size == 12;
    const int width_of = old ? 2 : 4;
    std::string text = "BM" + little(0, 4) + little(0, 4) + little(14 + header_size, 4) +
                       little(header_size, 4) + little(width, width_of) + little(height, width_of) +
                       little(1, 2) + little(bits, 2);
    text.resize(14 + header_size, '\0');
    Bytes bytes;
    append(bytes, text + std::string(pixels, 'p'));
    return bytes;
}

TEST(PictureHeader, Png) {
    const PictureHeader header = read_picture_header(encode_png(grey(5, 7)));
    EXPECT_EQ(header.format, FileMagic::png);
    EXPECT_EQ(header.width, 5);
    EXPECT_EQ(header.height, 7);
    EXPECT_EQ(header.bytes_per_pixel, 3);
    EXPECT_EQ(header.orientation, 1);
    EXPECT_EQ(header.problem, "");
}

TEST(PictureHeader, PngThatIsCutOrChangedAnywhere) {
    const Bytes whole = encode_png(grey(9, 4));
    for (size_t size = 8; size < whole.size(); ++size) {
        const PictureHeader header = read_picture_header(std::span(whole).first(size));
        EXPECT_EQ(header.problem.rfind("truncated", 0), 0u) << size << ": " << header.problem;
    }
    for (size_t at = 8; at < whole.size(); ++at) {
        Bytes changed = whole;
        changed[at] ^= 0x10;
        EXPECT_NE(read_picture_header(changed).problem, "") << at;
    }
    Bytes renamed = whole;
    std::copy_n("IXDR", 4, &renamed[12]);
    EXPECT_EQ(read_picture_header(renamed).problem, "corrupt: expected chunk IHDR of 13 bytes first");
    for (const char letter : {'\n', '0', '\xE9'}) {  // nothing of the kind is printed
        renamed[14] = uint8_t(letter);
        EXPECT_EQ(read_picture_header(renamed).problem, "corrupt: expected a chunk's name at byte 12");
    }
}

TEST(PictureHeader, Jpeg) {
    for (const int quality : {60, 95}) {
        const PictureHeader header = read_picture_header(encode_jpeg(grey(33, 18), quality));
        EXPECT_EQ(header.format, FileMagic::jpeg);
        EXPECT_EQ(header.width, 33);
        EXPECT_EQ(header.height, 18);
        EXPECT_EQ(header.problem, "");
    }
    EXPECT_EQ(read_picture_header(jpeg(frame(0xC0, 3, 2, 3))).bytes_per_pixel, 3);
    EXPECT_EQ(read_picture_header(jpeg(frame(0xC2, 3, 2, 3))).bytes_per_pixel, 6);  // progressive
    EXPECT_EQ(read_picture_header(jpeg(frame(0xC0, 3, 2, 4))).bytes_per_pixel, 4);
    // A table is no frame, padding before a marker and stuffed bytes and restarts in a scan are allowed.
    const PictureHeader header = read_picture_header(jpeg(
        segment(0xC4, huffman_table({0, 3}) + huffman_table({1})) + "\xFF\xFF" + frame(0xC1, 300, 200, 3),
        std::string("a\xFF\0b\xFF\xD3"
                    "c\xFF\xFF",
                    9)));
    EXPECT_EQ(header.problem, "");
    EXPECT_EQ(header.width, 300);
    EXPECT_EQ(header.height, 200);
}

TEST(PictureHeader, JpegWithABrokenStructure) {
    const Bytes whole = encode_jpeg(grey(16, 16), 90);
    for (size_t size = 3; size < whole.size(); ++size) {
        const PictureHeader header = read_picture_header(std::span(whole).first(size));
        EXPECT_EQ(header.problem.rfind("truncated", 0), 0u) << size << ": " << header.problem;
    }
    const auto problem = [](const std::string& text) {
        Bytes bytes;
        append(bytes, "\xFF\xD8" + text);
        return read_picture_header(bytes).problem;
    };
    EXPECT_EQ(problem("\xFF\xE0" + big(1, 2) + "xx"), "corrupt: a segment of 1 bytes at byte 4");
    EXPECT_EQ(problem(segment(0xE0, "abc") + "?"),
              "truncated: the file ends at byte 10 without an end marker");
    EXPECT_EQ(problem(segment(0xE0, "abc") + "??"), "corrupt: expected a marker at byte 9, found 0x3f");
    EXPECT_EQ(problem(frame(0xC0, 3, 2, 3) + "\xFF\xD9"), "corrupt: it ends before any picture data");
}

// Of two sizes a decoder may take the other one.
TEST(PictureHeader, JpegWithTwoFrames) {
    const std::string small = frame(0xC0, 3, 2, 3), large = frame(0xC1, 60000, 60000, 3);
    const std::string problem = "corrupt: two frames, the second at byte 12";
    EXPECT_EQ(read_picture_header(jpeg(small + large)).problem, problem);
    EXPECT_EQ(read_picture_header(jpeg(large + small)).problem, problem);
    Bytes behind_scan;
    append(behind_scan, "\xFF\xD8" + small + segment(0xDA, "") + "ab" + large + "\xFF\xD9");
    EXPECT_EQ(read_picture_header(behind_scan).problem, "corrupt: two frames, the second at byte 18");
    Bytes cut;  // too short for a size
    append(cut, "\xFF\xD8" + segment(0xC0, "abc") + large + segment(0xDA, "") + "ab\xFF\xD9");
    EXPECT_EQ(read_picture_header(cut).problem, "corrupt: two frames, the second at byte 9");
}

TEST(PictureHeader, JpegWithHuffmanTablesThatCannotBe) {
    const auto problem = [](const std::string& tables) {
        return read_picture_header(jpeg(segment(0xC4, tables) + frame(0xC0, 3, 2, 3))).problem;
    };
    const std::string most = huffman_table({0, 0, 0, 0, 0, 0, 0, 200, 56});
    EXPECT_EQ(problem(most + most), "");
    EXPECT_EQ(problem(huffman_table({0, 0, 0, 0, 0, 0, 0, 200, 57})),
              "corrupt: a Huffman table of 257 codes at byte 4, at most 256 can be");
    const std::string unfilled = "corrupt: the Huffman tables at byte 4 do not fill their segment";
    for (const std::string& text : {most + "x", most + std::string(16, '\0'), most + most.substr(0, 272)})
        EXPECT_EQ(problem(text), unfilled);
}

TEST(PictureHeader, JpegWithTablesThatAScanLacks) {
    // A component with quantisation table 1, DC table 0 and AC table 2; a scan of the coefficients from
    // `first` on.
    const auto problem = [](uint8_t kind, const std::string& tables, int first, int bits_before) {
        const std::string component = {1, 0x11, 1};
        const std::string scan = {1, 1, 0x02, char(first), char(first == 0 ? 0 : 63), char(bits_before << 4)};
        Bytes bytes;
        append(bytes, "\xFF\xD8" + tables + segment(kind, frame(kind, 8, 8, 1).substr(4) + component) +
                          segment(0xDA, scan) + "ab\xFF\xD9");
        return read_picture_header(bytes).problem;
    };
    const auto table = [](int name) { return segment(0xC4, char(name) + huffman_table({2}).substr(1)); };
    const std::string values = segment(0xDB, char(1) + std::string(64, 'q'));
    const std::string dc = table(0x00), ac = table(0x12), other = table(0x11);
    EXPECT_EQ(problem(0xC0, values + dc + ac, 0, 0), "");
    EXPECT_EQ(problem(0xC0, segment(0xDB, char(0x11) + std::string(128, 'q')) + dc + ac, 0, 0), "");
    const std::string huffman = "uses a Huffman table that is not there";
    for (const std::string& tables : {values + dc + other, values + other + ac, values})
        EXPECT_NE(problem(0xC0, tables, 0, 0).find(huffman), std::string::npos);
    EXPECT_NE(problem(0xC0, dc + ac, 0, 0).find("uses a quantisation table that is not there"),
              std::string::npos);
    EXPECT_NE(problem(0xC0, segment(0xDB, "q") + values + dc + ac, 0, 0).find("do not fill"),
              std::string::npos);
    // Progressive scans bring one kind alone; what refines the first coefficients has no codes.
    EXPECT_EQ(problem(0xC2, values + dc, 0, 0), "");
    EXPECT_EQ(problem(0xC2, values + ac, 1, 0), "");
    EXPECT_EQ(problem(0xC2, values, 0, 1), "");
    EXPECT_NE(problem(0xC2, values + ac, 0, 0).find(huffman), std::string::npos);
    EXPECT_NE(problem(0xC2, values + dc, 1, 1).find(huffman), std::string::npos);
}

TEST(PictureHeader, ExifOrientationInBothByteOrders) {
    for (const bool is_little : {true, false})
        for (const uint32_t orientation : {1, 6, 8})
            EXPECT_EQ(read_picture_header(jpeg(segment(0xE1, exif(is_little, orientation)))).orientation,
                      int(orientation));
    // What points outside, or is cut, says nothing.
    EXPECT_EQ(read_picture_header(jpeg(segment(0xE1, exif(true, 6, 0xFFFFFFFF)))).orientation, 1);
    const std::string text = exif(false, 6);
    for (size_t size = 0; size + 4 < text.size(); ++size)
        EXPECT_EQ(read_picture_header(jpeg(segment(0xE1, text.substr(0, size)))).orientation, 1) << size;
}

TEST(PictureHeader, Bmp) {
    const PictureHeader header = read_picture_header(bmp(40, 5, 3, 24, 16 * 3));
    EXPECT_EQ(header.format, FileMagic::bmp);
    EXPECT_EQ(header.width, 5);
    EXPECT_EQ(header.height, 3);
    EXPECT_EQ(header.problem, "");
    // Rows fill whole groups of four bytes.
    EXPECT_EQ(read_picture_header(bmp(40, 5, 3, 24, 16 * 3 - 1)).problem,
              "truncated: expected 102 bytes, found 101");
    EXPECT_EQ(read_picture_header(bmp(40, 5, uint32_t(-3), 24, 16 * 3)).height, 3);  // from top to bottom
    EXPECT_EQ(read_picture_header(bmp(12, 5, 3, 24, 16 * 3)).width, 5);
    EXPECT_EQ(read_picture_header(bmp(12, 5, 3, 24, 16 * 3)).problem, "");
    EXPECT_EQ(read_picture_header(bmp(40, 0, 3, 24, 64)).problem, "corrupt: a size of 0 x 3 pixels");
    EXPECT_EQ(read_picture_header(bmp(40, uint32_t(-5), 3, 24, 64)).problem,
              "corrupt: a size of -5 x 3 pixels");
    Bytes cut = bmp(40, 5, 3, 24, 0);
    cut.resize(40);
    EXPECT_EQ(read_picture_header(cut).problem, "truncated: the file ends within its header");
}

// Sizes whose products fit no integer are refused like other wrong ones.
TEST(PictureHeader, HostileSizes) {
    const PictureHeader header = read_picture_header(bmp(40, 0x7FFFFFFF, 0x80000000, 65535, 64));
    EXPECT_EQ(header.width, 0x7FFFFFFF);
    EXPECT_EQ(header.height, int64_t{1} << 31);
    EXPECT_EQ(header.problem.rfind("truncated", 0), 0u) << header.problem;
    Bytes png = encode_png(grey(4, 4));
    std::fill_n(&png[16], 8, uint8_t{0xFF});
    EXPECT_EQ(read_picture_header(png).width, 0xFFFFFFFF);
    EXPECT_EQ(read_picture_header(png).problem.rfind("corrupt: the checksum of chunk IHDR", 0), 0u);
}

TEST(PictureHeader, ForeignAndRandomBytesAreRead) {
    EXPECT_EQ(read_picture_header({}).format, FileMagic::unknown);
    PhiloxSequence random(1, "picture_header_test", 0);
    const Bytes starts[] = {encode_png(grey(3, 3)), encode_jpeg(grey(3, 3), 90), bmp(40, 3, 3, 24, 36)};
    for (int i = 0; i < 3000; ++i) {
        Bytes bytes = starts[i % 3];
        bytes.resize(size_t(random.below(bytes.size() + 1)));
        for (int k = 0; k < 4 && bytes.size() > 8; ++k)
            bytes[size_t(3 + random.below(bytes.size() - 3))] = uint8_t(random.below(256));
        const PictureHeader header = read_picture_header(bytes);
        EXPECT_TRUE(header.problem.empty() || header.problem.starts_with("truncated") ||
                    header.problem.starts_with("corrupt"))
            << header.problem;
    }
}

}  // namespace
}  // namespace unmask
