// SPDX-License-Identifier: Apache-2.0
// The parts of a file's report that show pictures, as HTML for HtmlPage::block.
#pragma once

#include <string>

#include "apps/report/detection_report.h"

namespace unmask {

// "frame 12, 0:01.2", or the picture's name.
[[nodiscard]] std::string frame_name(const FrameScore& frame);

// The score of each frame over time, with the thresholds; for files of more than one frame.
[[nodiscard]] std::string timeline_chart(const FileScore& file, const VerdictThresholds& thresholds);
// Thumbnails, at most 48 of them, evenly spread, with the boxes of the faces.
[[nodiscard]] std::string thumbnail_strip(const FileScore& file);
// Every face that was followed: its most suspicious picture, score, and where it was seen.
[[nodiscard]] std::string track_list(const FileScore& file);
// The most telling faces, each beside the heat maps of the whole and of every branch.
[[nodiscard]] std::string telling_faces(const ReportedFile& file);

}  // namespace unmask
