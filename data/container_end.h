// SPDX-License-Identifier: Apache-2.0
// Whether a video file is as long as its container says, from the sizes that the container begins with.
#pragma once

#include <filesystem>
#include <string>

namespace unmask {

// "it should have N bytes, found M" for a file that ends before its last box (MP4, MOV), its segment
// (Matroska, WebM) or its last RIFF list (AVI) does, or within a packet (MPEG transport stream). Empty where
// it does not, where the container was written without sizes (to a pipe), for containers that have none (MPEG
// program streams, FLV, OGG, ASF), and for a file that cannot be read.
[[nodiscard]] std::string missing_end(const std::filesystem::path& path);

}  // namespace unmask
