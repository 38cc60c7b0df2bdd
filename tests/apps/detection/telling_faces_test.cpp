// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/telling_faces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace unmask {
namespace {

// One face of track 0 in every frame.
FileScore clip(size_t frames, const std::function<double(size_t)>& score) {
    FileScore file;
    for (size_t i = 0; i < frames; ++i) {
        file.frames.push_back({.index = int64_t(i), .faces = {{.score = score(i), .track = 0}}});
        file.pictures.faces.push_back({i, 0, Image(1, 1)});
    }
    return file;
}

std::vector<size_t> chosen(FileScore file) {
    choose_telling(file);
    std::vector<size_t> frames;
    for (const TellingFace& face : file.pictures.faces) frames.push_back(face.frame);
    return frames;
}

size_t least_distance(std::vector<size_t> frames) {
    std::ranges::sort(frames);
    size_t least = SIZE_MAX;
    for (size_t i = 1; i < frames.size(); ++i) least = std::min(least, frames[i] - frames[i - 1]);
    return least;
}

TEST(TellingFaces, NeighboursOfTheHighestScoreMakePlaceForOthers) {
    // A peak at frame 11, a lower one at 25, and little else.
    const auto peaks = [](size_t i) {
        const double a = std::abs(double(i) - 11), b = std::abs(double(i) - 25);
        return std::max(0.9 - 0.01 * a, 0.8 - 0.05 * b);
    };
    const std::vector<size_t> frames = chosen(clip(32, peaks));
    ASSERT_EQ(frames.size(), FilePictures::most);
    EXPECT_EQ(frames[0], 11u);
    EXPECT_GE(least_distance(frames), spread_of(32).apart);
    EXPECT_GT(spread_of(32).apart, 2u);
}

TEST(TellingFaces, OfEqualScoresTheyAreSpreadOverTheClip) {
    std::vector<size_t> frames = chosen(clip(32, [](size_t) { return 1.0; }));
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[0], 0u);
    EXPECT_GE(least_distance(frames), 14u);
}

TEST(TellingFaces, ThereAreAsManyAsThereCanBeWhateverTheLengthAndTheScores) {
    for (size_t length = 1; length < 200; ++length) {
        for (const size_t factor : {1u, 7u, 31u}) {
            const std::vector<size_t> frames =
                chosen(clip(length, [&](size_t i) { return double(i * factor % 37) / 37; }));
            EXPECT_EQ(frames.size(), std::min(length, FilePictures::most)) << length;
            EXPECT_GE(least_distance(frames), spread_of(length).apart) << length;
        }
        const Spread spread = spread_of(length);
        EXPECT_LE(length, 24 * spread.stretch);
        if (length > 8) {
            EXPECT_GE(spread.apart, 2u);
        }
    }
}

TEST(TellingFaces, EveryTrackHasItsHighestAndTracksDoNotHideEachOther) {
    FileScore file = clip(40, [](size_t i) { return i == 20 ? 0.9 : 0.5; });
    file.frames[21].faces.push_back({.score = 0.8, .track = 1});
    file.pictures.faces.push_back({21, 1, Image(1, 1)});
    for (const size_t i : {3u, 30u}) {
        file.frames[i].faces.push_back({.score = i == 30 ? 0.2 : 0.1, .track = 2});
        file.pictures.faces.push_back({i, 1, Image(1, 1)});
    }
    choose_telling(file);
    const std::vector<TellingFace>& faces = file.pictures.faces;
    ASSERT_EQ(faces.size(), FilePictures::most + 1);
    EXPECT_EQ(faces[0].frame, 20u);
    EXPECT_EQ(faces[1].frame, 21u);  // beside it, but another face
    EXPECT_EQ(faces[1].face, 1u);
    EXPECT_EQ(file.frames[faces[2].frame].faces[faces[2].face].track, 0);
    EXPECT_EQ(faces[3].frame, 30u);  // of the third track, behind the three
    EXPECT_EQ(faces[3].face, 1u);
}

// While a clip goes on nobody knows how long it will be.
TEST(TellingFaces, WhatIsDroppedOnTheWayWouldNotHaveBeenChosen) {
    const auto score = [](size_t i) { return double(i * 7919 % 101) / 101; };
    const FileScore whole = clip(333, score);
    FileScore file;
    size_t most = 0;
    for (size_t i = 0; i < whole.frames.size(); ++i) {
        file.frames.push_back(whole.frames[i]);
        file.pictures.faces.push_back({i, 0, Image(1, 1)});
        keep_candidates(file);
        most = std::max(most, file.pictures.faces.size());
    }
    EXPECT_LE(most, 24u);
    EXPECT_EQ(chosen(file), chosen(whole));
}

TEST(TellingFaces, AFileWithoutFacesHasNone) {
    FileScore file;
    choose_telling(file);
    EXPECT_TRUE(file.pictures.faces.empty());
}

}  // namespace
}  // namespace unmask
