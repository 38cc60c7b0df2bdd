// SPDX-License-Identifier: Apache-2.0
#include "data/picture_header_jpeg.h"

#include <fmt/format.h>

#include <array>
#include <bitset>
#include <cstring>

#include "data/picture_bytes.h"

namespace unmask {
namespace {

// Tag 0x0112 of the first image directory of an EXIF segment, else 1. `b` starts at the TIFF header.
int exif_orientation(Bytes b) {
    if (b.size() < 8) return 1;
    const bool little = b[0] == 'I';
    const auto read16 = [&](size_t at) { return little ? little16(b, at) : big16(b, at); };
    const auto read32 = [&](size_t at) { return little ? little32(b, at) : big32(b, at); };
    const size_t directory = read32(4);
    if (directory > b.size() || b.size() - directory < 2) return 1;
    const size_t entries = read16(directory);
    for (size_t i = 0; i < entries; ++i) {
        const size_t entry = directory + 2 + i * 12;
        if (b.size() < entry + 12) return 1;
        if (read16(entry) == 0x0112) return int(read16(entry + 8));
    }
    return 1;
}

// The position of the next marker that is not part of entropy-coded data: 0xFF followed by neither 0 (a
// stuffed byte), nor a restart marker, nor another 0xFF (padding).
size_t end_of_scan(Bytes b, size_t at) {
    for (; at + 1 < b.size(); ++at)
        if (b[at] == 0xFF && b[at + 1] != 0 && b[at + 1] != 0xFF && (b[at + 1] & 0xF8) != 0xD0) return at;
    return b.size();
}

// The tables that a file has defined so far.
class JpegTables {
  public:
    // Of a DHT segment: class and number of a table, how many codes of 1 to 16 bits it has, at most 256 in
    // all, and their values (B.2.4.2). Returns what is wrong with it, else nothing; `place` is where it
    // stands.
    std::string define_huffman(Bytes segment, size_t place) {
        constexpr size_t lengths = 16, head = 1 + lengths, most_codes = 256;
        while (!segment.empty()) {
            size_t codes = 0;
            if (segment.size() >= head)
                for (const uint8_t count : segment.subspan(1, lengths)) codes += count;
            if (codes > most_codes)
                return fmt::format("corrupt: a Huffman table of {} codes at byte {}, at most {} can be",
                                   codes, place, most_codes);
            if (segment.size() < head + codes)
                return fmt::format("corrupt: the Huffman tables at byte {} do not fill their segment", place);
            huffman_.set(segment[0]);
            segment = segment.subspan(head + codes);
        }
        return {};
    }
    // Of a DQT segment: bytes a value and number of a table, 64 values (B.2.4.1).
    std::string define_quantisation(Bytes segment, size_t place) {
        while (!segment.empty()) {
            const size_t size = 1 + (segment[0] >> 4 != 0 ? 128U : 64U);
            if (segment.size() < size)
                return fmt::format("corrupt: the quantisation tables at byte {} do not fill their segment",
                                   place);
            quantisation_.set(segment[0] & 15U);
            segment = segment.subspan(size);
        }
        return {};
    }
    // Of a frame's segment: number, sampling and quantisation table of each component (B.2.2).
    void set_frame(Bytes segment, bool progressive) {
        progressive_ = progressive;
        for (size_t at = 6; at + 3 <= segment.size(); at += 3)
            quantisation_of_[segment[at]] = segment[at + 2] & 15U;
    }
    // Of a scan's segment: components with their tables, and which part of their coefficients follows
    // (B.2.3).
    [[nodiscard]] std::string check_scan(Bytes segment, size_t place) const {
        const size_t components = segment.empty() ? 0 : segment[0];
        if (segment.size() < 4 + 2 * components) return {};  // decoders count them
        const uint8_t first = segment[1 + 2 * components], bits_before = segment[3 + 2 * components] >> 4;
        const bool uses_dc = !progressive_ || (first == 0 && bits_before == 0);
        const bool uses_ac = !progressive_ || first > 0;
        for (size_t i = 0; i < components; ++i) {
            const uint8_t component = segment[1 + 2 * i], tables = segment[2 + 2 * i];
            if ((uses_dc && !huffman_[tables >> 4]) || (uses_ac && !huffman_[ac_class | (tables & 15U)]))
                return fmt::format("corrupt: the scan at byte {} uses a Huffman table that is not there",
                                   place);
            if (!quantisation_[quantisation_of_[component]])
                return fmt::format("corrupt: the scan at byte {} uses a quantisation table that is not there",
                                   place);
        }
        return {};
    }

  private:
    static constexpr size_t ac_class = 0x10;
    std::bitset<256> huffman_;  // by class and number
    std::bitset<16> quantisation_;
    std::array<uint8_t, 256> quantisation_of_{};  // by a component's number
    bool progressive_ = false;
};

}  // namespace

// 0xFF, marker, length (with itself), data; entropy-coded data after each SOS; EOI last.
void walk_jpeg(Bytes b, PictureHeader& header) {
    constexpr uint8_t dht = 0xC4, eoi = 0xD9, sos = 0xDA, dqt = 0xDB, app1 = 0xE1, temporary = 0x01;
    JpegTables tables;
    size_t at = 2;
    bool framed = false, scanned = false;
    while (true) {
        while (at + 1 < b.size() && b[at] == 0xFF && b[at + 1] == 0xFF) ++at;
        if (at + 1 >= b.size()) break;
        if (b[at] != 0xFF) {
            header.problem = fmt::format("corrupt: expected a marker at byte {}, found {:#04x}", at, b[at]);
            return;
        }
        const uint8_t marker = b[at + 1];
        at += 2;
        if (marker == eoi) {
            if (!scanned) header.problem = "corrupt: it ends before any picture data";
            return;
        }
        if (marker == temporary || (marker & 0xF8) == 0xD0) continue;
        if (at + 2 > b.size()) break;
        const size_t length = big16(b, at);
        if (length < 2) {
            header.problem = fmt::format("corrupt: a segment of {} bytes at byte {}", length, at);
            return;
        }
        if (b.size() - at < length) break;
        const Bytes segment = b.subspan(at + 2, length - 2);
        const bool frame_start =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        // Decoders take the first one's size, or the last one's.
        if (frame_start && framed) {
            header.problem = fmt::format("corrupt: two frames, the second at byte {}", at - 2);
            return;
        }
        framed |= frame_start;
        if (frame_start && segment.size() >= 5) {
            header.height = big16(segment, 1);
            header.width = big16(segment, 3);
            const int channels = segment.size() > 5 && segment[5] == 4 ? 4 : 3;
            header.bytes_per_pixel = channels * (marker == 0xC2 ? 2 : 1);  // progressive: 16-bit coefficients
            tables.set_frame(segment, marker == 0xC2);
        }
        if (marker == app1 && segment.size() > 6 && std::memcmp(segment.data(), "Exif\0\0", 6) == 0)
            header.orientation = exif_orientation(segment.subspan(6));
        if (marker == dht) header.problem = tables.define_huffman(segment, at);
        if (marker == dqt) header.problem = tables.define_quantisation(segment, at);
        if (marker == sos) header.problem = tables.check_scan(segment, at);
        if (!header.problem.empty()) return;
        at += length;
        if (marker == sos) {
            scanned = true;
            at = end_of_scan(b, at);
        }
    }
    header.problem = fmt::format("truncated: the file ends at byte {} without an end marker", b.size());
}

}  // namespace unmask
