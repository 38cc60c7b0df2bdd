// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/aggregation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

double by(std::string_view name, std::vector<double> scores) {
    return find_aggregation(name).aggregate(scores);
}

TEST(Aggregation, EachIsWhatItsNameSays) {
    const std::vector<double> scores{0.9, 0.1, 0.2, 0.4, 0.3};
    EXPECT_NEAR(by("mean", scores), 0.38, 1e-12);
    EXPECT_NEAR(by("median", scores), 0.3, 1e-12);
    EXPECT_NEAR(by("median", {0.1, 0.2, 0.4, 0.9}), 0.3, 1e-12);
    EXPECT_NEAR(by("trimmed_mean", scores), 0.3, 1e-12);
    EXPECT_NEAR(by("top_third", scores), 0.65, 1e-12);  // two of five
    EXPECT_NEAR(by("max", scores), 0.9, 1e-12);
    EXPECT_NEAR(by("log_odds_mean", {0.9, 0.1}), 0.5, 1e-12);
    EXPECT_NEAR(by("log_odds_mean", {0.8, 0.8, 0.5}), 1 / (1 + std::pow(4, -2.0 / 3)), 1e-12);
}

TEST(Aggregation, EqualScoresAndTheEndsOfTheScaleStayWhereTheyAre) {
    for (const Aggregation& entry : aggregation_table()) {
        for (const double score : {0.0, 0.03, 0.5, 1.0}) {
            for (const size_t count : {1, 2, 3, 7}) {
                const std::vector<double> scores(count, score);
                EXPECT_NEAR(entry.aggregate(scores), score, 1e-12) << entry.name << " " << score;
            }
        }
    }
}

TEST(Aggregation, OneLineForEachNameAndAnErrorThatListsThem) {
    EXPECT_EQ(find_aggregation(default_aggregation).name, default_aggregation);
    expect_error([] { static_cast<void>(find_aggregation("mode")); }, {"median", "log_odds_mean", "'mode'"});
}

FileScore file_of(const std::vector<std::vector<std::pair<int64_t, double>>>& frames) {
    FileScore file;
    for (const auto& faces : frames) {
        FrameScore& frame = file.frames.emplace_back();
        for (const auto& [track, score] : faces) frame.faces.push_back({{0, 0, 9, 9}, score, track});
    }
    aggregate_tracks(file, find_aggregation("mean"));
    return file;
}

TEST(Aggregation, AFileIsItsMostSuspiciousTrack) {
    const FileScore file = file_of({{{0, 0.1}, {1, 0.8}}, {{0, 0.3}}, {}, {{0, 0.2}, {1, 0.6}}});
    ASSERT_EQ(file.tracks.size(), 2u);
    EXPECT_NEAR(file.tracks[0].score, 0.2, 1e-12);
    EXPECT_NEAR(file.tracks[1].score, 0.7, 1e-12);
    EXPECT_EQ(file.tracks[0].faces, 3);
    EXPECT_EQ(file.tracks[1].first_frame, 0u);
    EXPECT_EQ(file.tracks[1].last_frame, 3u);
    EXPECT_NEAR(*file.score, 0.7, 1e-12);
    EXPECT_FALSE(file_of({{}, {}}).score.has_value());
}

TEST(Aggregation, WhatWasSeenOnceCountsOnlyWhereNothingWasSeenMore) {
    const FileScore file = file_of({{{0, 0.1}, {1, 0.99}}, {{0, 0.1}}});
    EXPECT_FALSE(file.tracks[1].counts);
    EXPECT_NEAR(*file.score, 0.1, 1e-12);
    const FileScore group = file_of({{{0, 0.1}, {1, 0.9}, {2, 0.2}}});
    EXPECT_TRUE(group.tracks[1].counts);
    EXPECT_NEAR(*group.score, 0.9, 1e-12);
}

}  // namespace
}  // namespace unmask
