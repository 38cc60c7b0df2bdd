// SPDX-License-Identifier: Apache-2.0
// One score out of many: of the faces of a track, and of the tracks of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/detection/scores.h"

namespace unmask {

struct Aggregation {
    std::string_view name;
    std::string_view text;                                // for people
    double (*aggregate)(std::span<const double> scores);  // of at least one score
};

// One line for each way there is: mean, median, trimmed_mean, top_third, log_odds_mean, max.
[[nodiscard]] std::span<const Aggregation> aggregation_table();
// Error lists the names when there is none such.
[[nodiscard]] const Aggregation& find_aggregation(std::string_view name);

inline constexpr std::string_view default_aggregation = "mean";

// Fills tracks and score of a file whose frames and their faces' tracks are known. A track's score is that of
// its faces by the aggregation; the file's is the highest of its tracks, of which those of a single face do
// not count where another has more: what a face detector sees once is often no face.
void aggregate_tracks(FileScore& file, const Aggregation& aggregation);

}  // namespace unmask
