// SPDX-License-Identifier: Apache-2.0
// Face swaps between drawn faces, with the flaws that real ones have: another person's inner face, warped
// onto the target's landmarks and matched in colour almost, is blended in through a soft mask; it comes from
// a lower resolution and lacks the camera's noise.
#pragma once

#include <cstdint>
#include <vector>

#include "data/synthetic/face.h"

namespace unmask {

struct ForgeryOptions {
    uint64_t seed =
        0;  // of the mask's shape, the colour error and the resolution; keep it over a video's frames
    float strength = 0.6f;  // in [0, 1]: size of the flaws; 0 leaves the target untouched
};

struct ForgedFace {
    Image image;
    std::vector<float>
        mask;  // [height, width], share of the source's face in [0, 1]; 0 where the target is untouched
    FaceLandmarks landmarks;  // the target's
    Box face;
};

// Draws the target's picture and puts the source's inner face into it, both seen as in the view. size as for
// draw_face; a strength outside [0, 1] throws Error.
[[nodiscard]] ForgedFace forge_face(const FaceIdentity& target, const FaceView& view,
                                    const FaceIdentity& source, int size, const ForgeryOptions& options = {});

}  // namespace unmask
