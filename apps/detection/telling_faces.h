// SPDX-License-Identifier: Apache-2.0
// Which faces of a file are shown to people: the most suspicious ones, but not three neighbours that look the
// same.
#pragma once

#include <cstddef>

#include "apps/detection/scores.h"

namespace unmask {

// Of frames numbered by their place in FileScore::frames. A track is cut into stretches of `stretch` frames,
// a power of two such that there are at most 24; faces of a track that are chosen lie at least `apart` frames
// from each other: two stretches, in clips of at most 8 frames one frame.
struct Spread {
    size_t stretch = 1, apart = 1;
};
[[nodiscard]] Spread spread_of(size_t frames);

// Of file.pictures.faces, all of which have a score, keeps the one with the highest score of each stretch of
// each track, the earliest of equal ones. What is dropped would never be chosen later, however many frames
// are still to come, so that crops need not be kept until a file ends.
void keep_candidates(FileScore& file);

// Keeps the FilePictures::most with the highest scores that lie apart, of equal scores the one farthest from
// those of its track that are chosen already, then the earliest; behind them the highest of every track that
// has none. Fewer where a track has no more that lie apart.
void choose_telling(FileScore& file);

}  // namespace unmask
