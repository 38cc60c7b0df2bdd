// SPDX-License-Identifier: Apache-2.0
#include "data/file_magic.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "data/picture.h"
#include "data/video.h"
#include "engine/error.h"

namespace unmask {
namespace {

bool has(std::span<const uint8_t> bytes, size_t offset, std::string_view text) {
    return bytes.size() >= offset + text.size() &&
           std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
}

bool is_bmp(std::span<const uint8_t> bytes) {
    // "BM" alone would take in text; the size of the header that follows has few values.
    static constexpr std::array<uint8_t, 7> header_sizes{12, 40, 52, 56, 64, 108, 124};
    return has(bytes, 0, "BM") && bytes.size() >= 18 && bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0 &&
           std::find(header_sizes.begin(), header_sizes.end(), bytes[14]) != header_sizes.end();
}

// ISO base media: the first box has a 32-bit size and a four-letter type; pictures name their brand after
// "ftyp".
FileMagic iso_media(std::span<const uint8_t> bytes) {
    using namespace std::string_view_literals;
    if (bytes.size() < 8) return FileMagic::unknown;
    if (has(bytes, 4, "ftyp") && bytes[0] == 0) {
        for (std::string_view brand : {"heic"sv, "heix"sv, "mif1"sv, "msf1"sv, "avif"sv})
            if (has(bytes, 8, brand)) return FileMagic::heif;
        return FileMagic::video;
    }
    for (std::string_view type : {"moov"sv, "free"sv, "skip"sv, "wide"sv, "pnot"sv})
        if (has(bytes, 4, type) && bytes[0] == 0) return FileMagic::video;
    return has(bytes, 4, "mdat") && bytes[0] < 0x20 ? FileMagic::video : FileMagic::unknown;
}

bool is_transport_stream(std::span<const uint8_t> bytes) {
    constexpr size_t packet = 188;
    return bytes.size() > 2 * packet && bytes[0] == 0x47 && bytes[packet] == 0x47 &&
           bytes[2 * packet] == 0x47;
}

}  // namespace

FileMagic file_magic(std::span<const uint8_t> bytes) {
    using namespace std::string_view_literals;
    if (has(bytes, 0, "\x89PNG\r\n\x1a\n")) return FileMagic::png;
    if (has(bytes, 0, "\xff\xd8\xff")) return FileMagic::jpeg;
    if (is_bmp(bytes)) return FileMagic::bmp;
    if (has(bytes, 0, "GIF8")) return FileMagic::gif;
    if (has(bytes, 0, "II*\0"sv) || has(bytes, 0, "MM\0*"sv)) return FileMagic::tiff;
    if (has(bytes, 0, "RIFF") && has(bytes, 8, "WEBP")) return FileMagic::webp;
    if (has(bytes, 0, "RIFF") && has(bytes, 8, "AVI ")) return FileMagic::video;
    for (std::string_view start : {"\x1a\x45\xdf\xa3"sv, "FLV\x01"sv, "\0\0\x01\xba"sv, "\0\0\x01\xb3"sv,
                                   "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, "OggS\0"sv})
        if (has(bytes, 0, start)) return FileMagic::video;
    if (is_transport_stream(bytes)) return FileMagic::video;
    return iso_media(bytes);
}

FileMagic file_magic(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return FileMagic::unknown;
    std::ifstream file(path, std::ios::binary);
    std::array<uint8_t, file_magic_bytes> start{};
    file.read(reinterpret_cast<char*>(start.data()), std::streamsize(start.size()));
    return file_magic(std::span(start).first(size_t(std::max<std::streamsize>(0, file.gcount()))));
}

bool is_picture(FileMagic magic) {
    return magic == FileMagic::png || magic == FileMagic::jpeg || magic == FileMagic::bmp;
}

bool looks_like_picture(const std::filesystem::path& path) {
    return is_picture(file_magic(path));
}

bool looks_like_video(const std::filesystem::path& path) {
    return file_magic(path) == FileMagic::video;
}

bool is_video_file(const std::filesystem::path& path) {
    static const std::set<std::string> endings{".mp4", ".m4v",  ".mov", ".avi", ".mkv", ".webm",
                                               ".mpg", ".mpeg", ".ts",  ".flv", ".wmv"};
    std::string ending = path.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return endings.contains(ending) || looks_like_video(path);
}

void check_readable_file(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        const bool missing = !error || error == std::errc::no_such_file_or_directory;
        fail("{}: {}", path.string(), missing ? "no such file" : error.message());
    }
    if (std::filesystem::is_directory(status)) fail("{}: expected a file, found a folder", path.string());
    if (!std::filesystem::is_regular_file(status))
        fail("{}: expected a regular file, found a pipe, socket or device", path.string());
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
    if (file.peek() == std::ifstream::traits_type::eof())
        fail("{}: the file is empty (0 bytes)", path.string());
}

std::vector<uint8_t> read_file(const std::filesystem::path& path, uintmax_t limit) {
    check_readable_file(path);
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(path, error);
    if (error) fail("{}: {}", path.string(), error.message());
    if (size > limit) fail("{}: expected at most {} bytes, found {}", path.string(), limit, size);
    std::vector<uint8_t> bytes(size);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size));
    if (uintmax_t(file.gcount()) != size)
        fail("{}: expected {} bytes, could read {}", path.string(), size, file.gcount());
    return bytes;
}

}  // namespace unmask
