// SPDX-License-Identifier: Apache-2.0
// Self-blended images (Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022):
// forgeries made of one real face. The face is blended into its own picture after the colours and the
// resolution of one of the two were changed and the face was moved a little, so that what can be seen of it
// is what face swaps have in common: the blending edge, and statistics that do not fit together.
#pragma once

#include <cstdint>

#include "data/image.h"
#include "data/self_blend/colour_jitter.h"
#include "data/self_blend/elastic.h"
#include "data/self_blend/face_hull.h"
#include "data/self_blend/mask.h"
#include "data/self_blend/resolution.h"
#include "data/self_blend/sharpen.h"
#include "data/self_blend/soften.h"
#include "data/self_blend/source_shift.h"

namespace unmask {

struct SelfBlendOptions {
    double strength = 1;         // of everything random, in [0, 1]; 0 gives the picture itself
    double box_share = 1 / 1.3;  // side of the face's box over the crop's, for faces without landmarks
    SourceShiftOptions shift;
    ElasticOptions elastic;
    SoftenOptions soften;
    ColourJitterOptions colour;
    ResolutionOptions resolution;
    SharpenOptions sharpen;
};

// What was drawn for one forgery.
struct SelfBlendDraw {
    FacePart part = FacePart::face;
    SourceShift shift;
    Elastic elastic;
    Soften soften;
    // One of the two pictures gets the colours and either the resolution or the sharpening.
    bool changes_target = false;
    ColourJitter colour;
    Resolution resolution;
    Sharpen sharpen;
    double ratio = 1;  // how much of the face is the source's: 1/4, 1/2, 3/4, or 1 in half of all
};

// A function of its arguments alone. `face` is a number that tells the faces of a data set apart. Error for a
// strength outside [0, 1].
[[nodiscard]] SelfBlendDraw draw_self_blend(const SelfBlendOptions& options, uint64_t seed, int64_t epoch,
                                            uint64_t face);

// The picture that the face is blended into: the real one of the pair. It differs from the picture where the
// draw changes the target, so that colours and resolution alone tell nothing.
[[nodiscard]] Image self_blend_target(const Image& image, const SelfBlendDraw& draw);

// Where the face goes: of its landmarks, in the picture's pixels, or of the crop's middle when there are
// none.
[[nodiscard]] Mask self_blend_mask(const Image& image, const Landmarks& landmarks,
                                   const SelfBlendOptions& options, const SelfBlendDraw& draw);

// The forgery: the target where the mask is 0.
[[nodiscard]] Image self_blend(const Image& image, const Landmarks& landmarks,
                               const SelfBlendOptions& options, const SelfBlendDraw& draw);

// target + ratio · mask · (source - target), rounded. All of one size.
[[nodiscard]] Image blend(const Image& source, const Image& target, const Mask& mask, double ratio);

}  // namespace unmask
