// SPDX-License-Identifier: Apache-2.0
// What preparing got out of each video: frames asked for and read, faces found, and why some were not.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/prepare/prepare.h"

namespace unmask {

// Writes `dataset,video,asked,decoded,unreadable,no_face,several_faces,faces,source,problem` atomically, a
// line a video. Lines that the file has of videos other than these (earlier runs over another folder) stay
// behind them. Error when there is a file that cannot be understood.
void write_coverage(const std::filesystem::path& path, std::span<const VideoReport> videos);

// The lines of a file that write_coverage wrote; empty when there is none.
[[nodiscard]] std::vector<VideoReport> read_coverage(const std::filesystem::path& path);

// The same as a table to read: at most `most` videos, those that miss a face first to last, and the sums of
// all; what is left out is said with the place of the file that has it.
[[nodiscard]] std::string coverage_table(std::span<const VideoReport> videos, size_t most,
                                         const std::filesystem::path& file);

}  // namespace unmask
