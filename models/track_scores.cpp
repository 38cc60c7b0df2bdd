// SPDX-License-Identifier: Apache-2.0
#include "models/track_scores.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "engine/error.h"

namespace unmask {

double mean_score(std::span<const double> scores) {
    UNMASK_ASSERT(!scores.empty());
    return std::accumulate(scores.begin(), scores.end(), 0.0) / double(scores.size());
}

std::optional<double> score_of_tracks(std::span<const double> scores, std::span<const int64_t> tracks) {
    UNMASK_ASSERT(scores.size() == tracks.size());
    std::map<int64_t, std::vector<double>> by_track;
    for (size_t i = 0; i < scores.size(); ++i) by_track[tracks[i]].push_back(scores[i]);
    size_t most_faces = 0;
    for (const auto& [number, own] : by_track) most_faces = std::max(most_faces, own.size());
    std::optional<double> highest;
    for (const auto& [number, own] : by_track)
        if (own.size() > 1 || most_faces == 1) highest = std::max(highest.value_or(0.0), mean_score(own));
    return highest;
}

}  // namespace unmask
