// SPDX-License-Identifier: Apache-2.0
// Where in a face the detector sees a forgery: Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations
// from Deep Networks via Gradient-based Localization", ICCV 2017), measured from genuine faces.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/explanation/genuine_maps.h"
#include "models/detector.h"

namespace unmask {

// Evidence at each place of a map, rows from top to bottom: 0 where a place speaks for a forgery no more than
// the average one of the face, no upper bound.
struct HeatMap {
    int height = 0, width = 0;
    std::vector<float> values;  // [height, width]
};

// A branch's map is relu(s - mean of s over its places), s(p) = Σ_k a_k (A_k(p) - R_k(p)): A [h, w, d] is the
// last map of the branch, R what it is of genuine faces on average, a_k the gradient of the global head's log
// odds of fake, z_fake - z_real, with respect to channel k, averaged over its places. The map of the whole is
// the same of the sum of all branches' s, which is what the fusion sees.
//
// The paper has relu(Σ_k a_k A_k(p)), whose zero means nothing here. First, the heads see of a map only its
// mean over the places: what is added to all of them and taken from a bias changes no score, so that the mean
// says how much a face speaks for a forgery and the deviation from it where. Second, a detector compares:
// where a face is blurred, sharp surroundings speak for a forgery, as much as they do beside a genuine face.
// Only the difference from a reference tells what is unusual in this face (Shrikumar et al., "Learning
// Important Features Through Propagating Activation Differences", ICML 2017). A map of one place shows
// nothing.
struct HeatMaps {
    HeatMap whole;
    std::vector<HeatMap> branches;
};

// For each image of images [n, size, size, C], as Detector::infer takes them. The detector is in evaluation
// mode during the call and uses its folded weights where prepare_inference() made them; its parameters get no
// gradients. Where `genuine` is empty, R is 0. Error when it is of other maps.
[[nodiscard]] std::vector<HeatMaps> grad_cam(Detector& detector, const Tensor& images,
                                             const GenuineMaps& genuine = {});

// The map at width × height pixels, interpolated linearly between the centres of its places.
[[nodiscard]] HeatMap enlarged(const HeatMap& map, int width, int height);

}  // namespace unmask
