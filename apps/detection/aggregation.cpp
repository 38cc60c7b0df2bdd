// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/aggregation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/order_statistics.h"
#include "engine/error.h"
#include "models/track_scores.h"

namespace unmask {
namespace {

std::vector<double> sorted(std::span<const double> scores) {
    std::vector<double> result(scores.begin(), scores.end());
    std::ranges::sort(result);
    return result;
}

// Without the lowest and the highest fifth.
double trimmed_mean(std::span<const double> scores) {
    const std::vector<double> ascending = sorted(scores);
    const size_t cut = ascending.size() / 5;
    return mean_score(std::span(ascending).subspan(cut, ascending.size() - 2 * cut));
}

double top_third(std::span<const double> scores) {
    const std::vector<double> ascending = sorted(scores);
    return mean_score(std::span(ascending).last((ascending.size() + 2) / 3));
}

double log_odds_mean(std::span<const double> scores) {
    double sum = 0;
    for (const double score : scores) sum += log_odds_of(score);
    return 1 / (1 + std::exp(-sum / double(scores.size())));
}

double highest(std::span<const double> scores) {
    return *std::ranges::max_element(scores);
}

constexpr std::array table{
    Aggregation{"mean", "mean of the faces' scores", mean_score},
    Aggregation{"median", "median of the faces' scores", median},
    Aggregation{"trimmed_mean", "mean without the lowest and the highest fifth", trimmed_mean},
    Aggregation{"top_third", "mean of the highest third", top_third},
    Aggregation{"log_odds_mean", "mean of the faces' log odds, as a probability", log_odds_mean},
    Aggregation{"max", "the highest score", highest},
};

}  // namespace

std::span<const Aggregation> aggregation_table() {
    return table;
}

const Aggregation& find_aggregation(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Aggregation::name);
    if (found != table.end()) return *found;
    std::vector<std::string_view> names;
    for (const Aggregation& entry : table) names.push_back(entry.name);
    fail("aggregation: expected one of {}, found '{}'", fmt::join(names, ", "), name);
}

void aggregate_tracks(FileScore& file, const Aggregation& aggregation) {
    file.tracks.clear();
    file.score.reset();
    std::vector<std::vector<double>> scores;
    for (size_t i = 0; i < file.frames.size(); ++i)
        for (const FaceScore& face : file.frames[i].faces) {
            const auto track = size_t(face.track);
            if (track >= scores.size()) {
                scores.resize(track + 1);
                file.tracks.resize(track + 1);
            }
            TrackScore& entry = file.tracks[track];
            if (entry.faces++ == 0) entry.first_frame = i;
            entry.last_frame = i;
            scores[track].push_back(face.score);
        }
    int64_t most_faces = 0;
    for (const TrackScore& track : file.tracks) most_faces = std::max(most_faces, track.faces);
    for (size_t i = 0; i < file.tracks.size(); ++i) {
        TrackScore& track = file.tracks[i];
        UNMASK_ASSERT(track.faces > 0);
        track.score = aggregation.aggregate(scores[i]);
        track.counts = track.faces > 1 || most_faces == 1;
        if (track.counts) file.score = std::max(file.score.value_or(0), track.score);
    }
}

}  // namespace unmask
