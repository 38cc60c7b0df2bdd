// SPDX-License-Identifier: Apache-2.0
#include "data/container_end.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace unmask {
namespace {

constexpr uint64_t no_size = ~uint64_t{0};

class Reader {
  public:
    Reader(const std::filesystem::path& path, uint64_t size) : file_(path, std::ios::binary), size_(size) {}
    [[nodiscard]] uint64_t size() const { return size_; }

    // 16 bytes from there, zeros behind the end; nothing at the end.
    std::optional<std::array<uint8_t, 16>> at(uint64_t place) {
        if (place >= size_) return {};
        std::array<uint8_t, 16> bytes{};
        file_.clear();
        file_.seekg(std::streamoff(place));
        file_.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
        if (file_.gcount() == 0) return {};
        return bytes;
    }

  private:
    std::ifstream file_;
    uint64_t size_;
};

bool is(const uint8_t* bytes, std::string_view text) {
    return std::memcmp(bytes, text.data(), text.size()) == 0;
}
uint64_t big(const uint8_t* bytes, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | bytes[i];
    return value;
}
uint64_t little32(const uint8_t* bytes) {
    return bytes[0] | uint64_t{bytes[1]} << 8 | uint64_t{bytes[2]} << 16 | uint64_t{bytes[3]} << 24;
}

// All of these give the byte behind the last part that the file names, at most the first that lies behind it.

// RIFF, size, AVI or AVIX: lists of up to a gigabyte, one behind the other, each at an even byte.
uint64_t end_of_avi(Reader& file) {
    uint64_t place = 0;
    while (const auto head = file.at(place)) {
        const uint64_t size = little32(&(*head)[4]);
        // 0 and -1 stand there until the writer has come to the end.
        if (!is(head->data(), "RIFF") || size == 0 || size == 0xFFFFFFFF) break;
        // Some writers count the 8 bytes before the list, or its padding; what else an index lacks at its end
        // are no pictures.
        if (place + size > file.size()) return place + 8 + size;
        place += 8 + size + size % 2;
    }
    return 0;
}

// A number of EBML: as many leading zero bits as bytes follow the first. `length` gets its bytes.
uint64_t ebml_number(const uint8_t* bytes, size_t& length) {
    length = size_t(std::countl_zero(bytes[0])) + 1;
    if (length > 8) return no_size;
    const uint64_t value = big(bytes, length) & ((uint64_t{1} << (7 * length)) - 1);
    return value == (uint64_t{1} << (7 * length)) - 1 ? no_size : value;  // all ones: not known
}

// The EBML header, then the segment with everything else.
uint64_t end_of_matroska(Reader& file) {
    const auto header = file.at(0);
    size_t length = 0;
    const uint64_t header_size = ebml_number(&(*header)[4], length);
    if (header_size > file.size()) return 0;
    const uint64_t place = 4 + length + header_size;
    const auto segment = file.at(place);
    if (!segment || !is(segment->data(), "\x18\x53\x80\x67")) return 0;
    const uint64_t size = ebml_number(&(*segment)[4], length);
    return size == no_size ? 0 : place + 4 + length + size;
}

// Boxes: size, type; a size of 1 stands for 64 bits behind the type, 0 for all that follows.
uint64_t end_of_boxes(Reader& file) {
    uint64_t place = 0;
    while (const auto head = file.at(place)) {
        uint64_t size = big(head->data(), 4);
        if (size == 1) size = big(&(*head)[8], 8);
        if (size < 8) break;
        if (size > file.size() - place) return size > no_size - place ? no_size : place + size;
        place += size;
    }
    return 0;
}

// Transport stream packets of 188 bytes, each with its mark.
bool is_transport_stream(Reader& file) {
    for (const uint64_t place : {0, 188, 376}) {
        const auto packet = file.at(place);
        if (!packet || (*packet)[0] != 0x47) return false;
    }
    return true;
}

}  // namespace

std::string missing_end(const std::filesystem::path& path) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path, error);
    if (error) return {};
    Reader file(path, size);
    const auto head = file.at(0);
    if (!head) return {};
    const uint64_t end = is(head->data(), "RIFF") && is(&(*head)[8], "AVI ")  ? end_of_avi(file)
                         : is(head->data(), "\x1A\x45\xDF\xA3")               ? end_of_matroska(file)
                         : is(&(*head)[4], "ftyp") || is(&(*head)[4], "moov") ? end_of_boxes(file)
                                                                              : 0;
    if (end == 0 && is_transport_stream(file) && size % 188 != 0)
        return fmt::format("its last packet has {} of 188 bytes", size % 188);
    return end > size ? fmt::format("it should have {} bytes, found {}", end, size) : std::string();
}

}  // namespace unmask
