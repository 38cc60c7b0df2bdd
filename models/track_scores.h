// SPDX-License-Identifier: Apache-2.0
// One score for faces that were followed through several frames.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace unmask {

// The mean of at least one score: what detection makes of a track unless told otherwise.
[[nodiscard]] double mean_score(std::span<const double> scores);

// scores[i] is of a face of the track with the number tracks[i] (any, of equal count). The highest
// mean_score of the tracks, of which those of a single face do not count where another has more: what a
// face detector sees once is often no face. Nothing without a face.
[[nodiscard]] std::optional<double> score_of_tracks(std::span<const double> scores,
                                                    std::span<const int64_t> tracks);

}  // namespace unmask
