// SPDX-License-Identifier: Apache-2.0
// Following faces from frame to frame by where they are and what they look like.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/image.h"

namespace unmask {

// What a face looks like, roughly: the square roots of its colours' shares, 8 levels of red, green and blue
// each. It hardly changes with pose, expression and the exact box. The similarity of two is Bhattacharyya's
// coefficient Σ √(p q), from 0 to 1 (Comaniciu et al., "Kernel-Based Object Tracking", PAMI 2003).
using Appearance = std::array<float, 8 * 8 * 8>;
[[nodiscard]] Appearance appearance_of(const Image& face);
[[nodiscard]] double similarity(const Appearance& a, const Appearance& b);

// Area of the intersection over that of the union, from 0 to 1.
[[nodiscard]] double overlap(const Box& a, const Box& b);

struct SeenFace {
    Box box;
    Appearance appearance;
};

// A face goes on with the track whose last face is most alike in place and looks, by overlap + similarity,
// each track with one face of a frame. Only faces whose similarity is at least 0.82 may be one: of two people
// in the same place (a cut) the looks differ, of one person who moved they do not. docs/detection.md has the
// measurement behind this number.
class FaceTracker {
  public:
    // The tracks of the next frame's faces, numbered from 0 in the order in which they began.
    [[nodiscard]] std::vector<int64_t> next(std::span<const SeenFace> faces);

    static constexpr double least_similarity = 0.82;
    // A track without a face in that many frames is over.
    static constexpr int64_t most_missed = 8;

  private:
    struct Track {
        SeenFace last;
        int64_t frame = 0;  // when it was seen last
        int64_t number = 0;
    };
    std::vector<Track> tracks_;  // that are not over
    int64_t frame_ = 0, count_ = 0;
};

}  // namespace unmask
