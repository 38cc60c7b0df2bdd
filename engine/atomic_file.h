// SPDX-License-Identifier: Apache-2.0
// Files that appear under their final name only when complete.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string_view>

namespace unmask {

// Lets `write` fill a temporary file beside `path`, flushes it to disk, renames it to `path` and flushes the
// folder: files written one after the other are found in that order even after a power cut. On any failure the temporary file is removed, an existing `path` stays as it was, and Error names the file and the
// system's reason.
void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(std::ostream&)>& write);
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace unmask
