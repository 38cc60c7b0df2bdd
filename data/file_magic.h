// SPDX-License-Identifier: Apache-2.0
// Recognizing files by their first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace unmask {

enum class FileMagic { unknown, png, jpeg, bmp, gif, webp, heif, tiff, video };

// How many bytes file_magic needs to tell everything it can.
inline constexpr size_t file_magic_bytes = 400;

// What the first bytes of a file say it is.
[[nodiscard]] FileMagic file_magic(std::span<const uint8_t> start);

// The same for a file; unknown when it cannot be read.
[[nodiscard]] FileMagic file_magic(const std::filesystem::path& path);

// Whether this is one of the formats that read_picture reads.
[[nodiscard]] bool is_picture(FileMagic magic);

// Whether a file is meant as a video: by its name's ending, so that a broken one is reported and not passed
// over, or else by its first bytes.
[[nodiscard]] bool is_video_file(const std::filesystem::path& path);

// All bytes of a file. Error names the file: missing, not a regular file, unreadable, empty, larger than
// `limit` bytes.
[[nodiscard]] std::vector<uint8_t> read_file(const std::filesystem::path& path, uintmax_t limit);

// Error unless `path` is an existing, readable, regular file with at least one byte. Opens nothing else: a
// named pipe would wait for its other end.
void check_readable_file(const std::filesystem::path& path);

}  // namespace unmask
