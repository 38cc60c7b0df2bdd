// SPDX-License-Identifier: Apache-2.0
// Detection's answers for programs and people; docs/formats.md has the schemas. What is undefined is null in
// JSON and empty in CSV.
#pragma once

#include <string>
#include <vector>

#include "apps/detection/scores.h"

namespace unmask {

// An array with, for each file: file, kind, score, verdict, tracks, frames, error.
[[nodiscard]] std::string detection_answer(const std::vector<FileScore>& files,
                                           const VerdictThresholds& thresholds);

// A line a file, under a line of names; without the last line's end, as write_answer wants it.
[[nodiscard]] std::string detection_csv(const std::vector<FileScore>& files,
                                        const VerdictThresholds& thresholds);

// The head of the table for people, and a file's line in it.
[[nodiscard]] std::string detection_table_head();
[[nodiscard]] std::string detection_table_line(const FileScore& file, const VerdictThresholds& thresholds);

}  // namespace unmask
