// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/layout.h"

namespace unmask {

FaceLayout::FaceLayout(const FaceIdentity& identity, const FaceView& view) {
    const float smile = view.smile, open = view.mouth_open;
    eye_x = identity.eye_distance;
    eye_half_width = identity.eye_size;
    const float height = identity.eye_size * identity.eye_opening;
    lower_lid = height * (0.70f - 0.25f * std::max(smile, 0.0f));
    const float open_lid = height * (1.15f + 0.15f * view.brow_raise - 0.10f * std::max(smile, 0.0f));
    upper_lid = mix(open_lid, -0.9f * lower_lid, view.blink);
    eye_tilt = identity.eye_tilt;

    nose_base_y = -identity.nose_length;
    nose_tip_y = -0.86f * identity.nose_length;
    nostril_x = 0.062f * identity.nose_width;

    mouth_half_width = identity.mouth_width * (1 + 0.20f * smile - 0.12f * open);
    mouth_y = identity.mouth_height + 0.010f * smile;
    corner_lift = 0.045f * smile - 0.006f;
    mouth_gap = std::max(0.045f * open, 0.028f * smoothstep(0.45f, 0.8f, smile));
    jaw_drop = 0.10f * open + 0.015f * smoothstep(0.45f, 0.8f, smile);
    brow_y = identity.brow_height + 0.045f * view.brow_raise;
}

float FaceLayout::drop_jaw(float x, float y) const {
    const float below = mouth_line(x) - y;
    if (below <= 0 || jaw_drop <= 0) return y;
    // Near the lips only the middle moves (the corners stay closed), further down the whole jaw.
    const float t = x / mouth_half_width;
    const float lateral = mix(std::max(1 - t * t, 0.0f), 1.0f, smoothstep(0.0f, 0.3f, below));
    return y - jaw_drop * lateral * smoothstep(0.0f, std::max(mouth_gap, 0.01f), below);
}

float upper_lip_height(const FaceIdentity& identity, float t) {
    const float a = std::abs(t);
    if (a >= 1) return 0;
    // Cupid's bow: a dip in the middle between two peaks.
    return identity.upper_lip * (1 - a * std::sqrt(a)) * (1 - 0.20f * hill(t * t / 0.05f));
}

float lower_lip_height(const FaceIdentity& identity, float t) {
    return t * t >= 1 ? 0 : identity.lower_lip * (1 - t * t);
}

}  // namespace unmask
