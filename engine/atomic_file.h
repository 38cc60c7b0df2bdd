// SPDX-License-Identifier: Apache-2.0
// Files that appear under their final name only when complete, and what is not replaced by a file.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace unmask {

// Whether the path names what is there to be written into and would be lost by a rename: a device, a pipe, a
// socket, /dev/stdout and /dev/stderr, anything in /dev/fd and /proc.
[[nodiscard]] bool is_written_into(const std::filesystem::path& path);

// Makes an empty file beside `path` that was not there before, for this process to fill; returns its name.
// Error names `path` and the system's reason.
[[nodiscard]] std::string make_temporary_file(const std::filesystem::path& path);

// Lets `write` fill a temporary file beside `path`, flushes it to disk, renames it to `path` and flushes the
// folder: files written one after the other are found in that order even after a power cut. On any failure the
// temporary file is removed, an existing `path` stays as it was, and Error names the file and the system's
// reason. What is_written_into is written at once, without a temporary file.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(std::ostream&)>& write);
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace unmask
