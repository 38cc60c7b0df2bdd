// SPDX-License-Identifier: Apache-2.0
// Where the features of a drawn face lie on it (head units, frontal plane x, y before the pose), expression
// included: one place for the geometry that bulges them and the materials that paint them.
#pragma once

#include "data/synthetic/face.h"

namespace unmask {

struct FaceLayout {
    // Eyes: centre (±eye_x, 0), half width, heights of the lids above and below the centre (upper below
    // lower: shut).
    float eye_x, eye_half_width, upper_lid, lower_lid, eye_tilt;
    // Nose.
    float nose_tip_y, nose_base_y, nostril_x;
    // Mouth: its line's height in the middle, half width, rise of the corners, height of the opening between
    // the lips at rest and how far the jaw below moves down.
    float mouth_y, mouth_half_width, corner_lift, mouth_gap, jaw_drop;
    // Brows.
    float brow_y;

    FaceLayout(const FaceIdentity& identity, const FaceView& view);

    // The line between the lips; x relative to the mouth's half width may exceed 1.
    [[nodiscard]] float mouth_line(float x) const {
        const float t = x / mouth_half_width;
        return mouth_y + corner_lift * std::min(t * t, 1.5f);
    }
    // Height of the opening below the mouth's line.
    [[nodiscard]] float gap(float x) const {
        const float t = x / mouth_half_width;
        return mouth_gap * std::max(1 - t * t, 0.0f);
    }
    // y after the jaw has dropped.
    [[nodiscard]] float drop_jaw(float x, float y) const;
};

// Outlines of the lips above the mouth's line and below its opening, for x in mouth half widths; 0 outside
// ±1.
[[nodiscard]] float upper_lip_height(const FaceIdentity& identity, float t);
[[nodiscard]] float lower_lip_height(const FaceIdentity& identity, float t);

}  // namespace unmask
