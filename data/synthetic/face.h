// SPDX-License-Identifier: Apache-2.0
// Faces drawn from nothing but a seed: a person (FaceIdentity) seen under given circumstances (FaceView) as a
// shaded 3-D head with skin, eyes, brows, lips, hair, clothes, a blurred background and a camera. The same
// arguments give the same bytes on the same machine; nothing here uses threads.
//
// Head units: the chin is at y = -1, the crown at +1, the eyes at 0; x to the picture's right, z towards the
// viewer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/image.h"
#include "data/synthetic/math.h"

namespace unmask {

enum class HairStyle { bald, cropped, parted, swept, curly, bob, straight_long, wavy_long };

// What makes a person: the same in every picture of them. Colours are linear RGB albedos, lengths head units,
// and what has no unit is a strength around [0, 1].
struct FaceIdentity {
    uint64_t seed = 0;  // of the skin's and hair's textures
    // Head.
    float head_width = 0.70f;     // half of it, at the temples
    float jaw_squareness = 3.0f;  // exponent of the lower face's outline
    float face_depth = 0.78f;
    float cheekbones = 0.5f, cheek_fullness = 0.5f, chin = 0.5f, brow_ridge = 0.5f;
    float ear_size = 1.0f, neck_width = 0.42f;
    // Skin.
    Vec3 skin{0.55f, 0.33f, 0.24f};
    float redness = 0.5f, pores = 0.5f, gloss = 0.5f, freckles = 0, moles = 0, age = 0.3f;
    float stubble = 0, beard = 0, mustache = 0;
    // Eyes.
    float eye_distance = 0.29f;  // of each eye's centre from the middle
    float eye_size = 0.135f;     // half of the opening's width
    float eye_opening = 0.5f;    // half of the opening's height over half of its width
    float eye_tilt = 0.05f;      // slope, outer corner up
    float eye_depth = 0.5f, lid_crease = 0.5f;
    Vec3 iris{0.15f, 0.08f, 0.04f};
    // Brows.
    float brow_height = 0.19f, brow_thickness = 0.035f, brow_arch = 0.04f, brow_tilt = 0.02f,
          brow_density = 0.8f;
    Vec3 brow_color{0.04f, 0.025f, 0.02f};
    // Nose.
    float nose_length = 0.42f, nose_width = 1.0f, nose_bridge = 0.5f, nose_tip = 0.5f;
    // Mouth.
    float mouth_height = -0.63f;  // y of the line between the lips
    float mouth_width = 0.25f;    // half of it
    float upper_lip = 0.055f, lower_lip = 0.075f;
    Vec3 lips{0.42f, 0.17f, 0.15f};
    // Hair.
    HairStyle hair_style = HairStyle::parted;
    Vec3 hair{0.04f, 0.025f, 0.02f};
    float hairline = 0.66f, hair_volume = 0.5f, receding = 0, fringe = 0;
    float parting = 0.3f;  // side of the parting, -1 to 1
};

// Everything that differs between two pictures of one person.
struct FaceView {
    uint64_t seed = 0;        // of the expression's and pose's motion over time
    uint64_t noise_seed = 0;  // of the camera's noise
    // Pose (radians, see head_rotation) and place: the head's height (crown to chin) and its centre, in
    // picture sizes.
    float yaw = 0, pitch = 0, roll = 0;
    float head_height = 0.72f, center_x = 0.5f, center_y = 0.53f;
    // Light: the key's direction (radians; azimuth to the right, elevation upwards), strengths, colour
    // temperature from cold -1 to warm +1.
    float light_azimuth = 0.5f, light_elevation = 0.6f;
    float light_intensity = 1, fill = 0.3f, ambient = 0.4f, temperature = 0;
    // Expression: gaze in radians, the rest in [0, 1] (smile may be slightly negative).
    float mouth_open = 0, smile = 0, brow_raise = 0, blink = 0, gaze_x = 0, gaze_y = 0;
    // Surroundings.
    uint64_t background_seed = 0, clothes_seed = 0;
    // Camera: blur in pixels at a picture size of 160, noise's standard deviation in [0, 1] picture values.
    float blur = 0.6f, noise = 0.012f, exposure = 1, contrast = 1, saturation = 1, vignette = 0.1f;
};

struct FacePoint {
    float x = 0, y = 0;
};

// Points of the drawn face in pixels, pixel centres at half-integers; "left" is the picture's left.
struct FaceLandmarks {
    FacePoint left_eye, right_eye, left_brow, right_brow, nose_tip, left_mouth, right_mouth, mouth, chin;
    // A closed outline, clockwise, around brows, cheeks and mouth: what a face swap replaces.
    std::vector<FacePoint> inner_face;

    // Eyes, nose tip, mouth corners: the five that alignment uses.
    [[nodiscard]] std::array<FacePoint, 5> alignment() const {
        return {left_eye, right_eye, nose_tip, left_mouth, right_mouth};
    }
};

struct DrawnFace {
    Image image;
    FaceLandmarks landmarks;
    Box face;  // from above the brows to the chin, as a face detector boxes it
};

// A person, in all traits, from the seed alone.
[[nodiscard]] FaceIdentity make_identity(uint64_t seed);

// A view from the seed alone: pose within about ±0.3 rad, a plausible light, expression, background and
// camera.
[[nodiscard]] FaceView make_view(uint64_t seed);

// The view as it is that many seconds later: the head sways, the eyes blink and wander, the mouth talks, all
// smoothly; the camera's noise differs from frame to frame. The view's own pose and expression are the
// motion's centre.
[[nodiscard]] FaceView animate(const FaceView& view, double seconds);

// The picture of size × size pixels; size is at least 32 (Error).
[[nodiscard]] DrawnFace draw_face(const FaceIdentity& identity, const FaceView& view, int size);

}  // namespace unmask
