// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/head.h"

#include <numbers>

namespace unmask {
namespace {

constexpr float pi = std::numbers::pi_v<float>;

}  // namespace

HeadShape::HeadShape(const FaceIdentity& identity, const FaceView& view)
    : identity_(identity),
      view_(view),
      layout_(identity, view),
      rotation_(head_rotation(view.yaw, view.pitch, view.roll)),
      body_rotation_(head_rotation(0.4f * view.yaw, 0, 0.3f * view.roll)) {}

float HeadShape::width(float y) const {
    if (y >= 0) return identity_.head_width * std::sqrt(std::max(1 - std::pow(y, 2.5f), 0.0f));
    const float outline = std::pow(std::max(1 - std::pow(-y, identity_.jaw_squareness), 0.0f), 0.70f);
    const float full = 0.05f * (identity_.cheek_fullness - 0.4f) * hill((y + 0.5f) * (y + 0.5f) / 0.16f);
    return identity_.head_width * outline * (1 + full);
}

float HeadShape::depth(float y) const {
    if (y >= 0) return identity_.face_depth * std::sqrt(std::max(1 - std::pow(y, 3.2f), 0.0f));
    return identity_.face_depth * std::pow(std::max(1 - std::pow(-y, 5.5f), 0.0f), 0.45f);
}

float HeadShape::relief(float x, float y) const {
    const FaceLayout& at = layout_;
    const float a = std::abs(x);
    float z = 0;
    // Eye sockets with the eyeballs in them, under the brow.
    z -= (0.055f + 0.05f * identity_.eye_depth) * hill(a, y, at.eye_x - 0.02f, 0.01f, 0.25f, 0.17f);
    z -= 0.035f * hill(a, y, 0.13f, 0.03f, 0.12f, 0.13f);
    z += 0.055f * hill(a, y, at.eye_x, -0.005f, 0.165f, 0.125f);
    z += (0.015f + 0.035f * identity_.brow_ridge) * hill(a, y, 0.22f, at.brow_y - 0.01f, 0.30f, 0.10f);
    // Nose: a ridge that rises from the root to the tip and ends at the base, with its wings.
    const float root = 0.13f, tip = at.nose_tip_y;
    const float wing_x = x / (0.15f * identity_.nose_width);
    const float base = at.nose_base_y - 0.022f + 0.035f * std::min(wing_x * wing_x, 1.0f);
    if (y < root + 0.1f && y > base) {
        const float s = saturate((root - y) / (root - tip));
        const float fade = smoothstep(root + 0.1f, root - 0.05f, y);
        const float bridge = 0.03f + 0.05f * identity_.nose_bridge * fade;
        const float tip_height = 0.145f + 0.03f * identity_.nose_tip;
        float height = mix(bridge * fade, tip_height, s * s);
        if (y < tip) height *= std::sqrt(saturate((y - base) / (tip - base)));
        const float half = identity_.nose_width * mix(0.115f, 0.165f, s * s);
        z += height * hill(x * x / (half * half));
    }
    z += (0.045f + 0.02f * identity_.nose_tip) * hill(x, y, 0, tip - 0.005f, 0.095f, 0.085f);
    z += 0.085f * hill(a, y, 0.108f * identity_.nose_width, tip - 0.012f, 0.07f, 0.062f);
    // Cheeks.
    z += 0.05f * identity_.cheekbones * hill(a, y, 0.42f, -0.20f, 0.25f, 0.20f);
    z -= 0.05f * (1 - identity_.cheek_fullness) * hill(a, y, 0.43f, -0.52f, 0.22f, 0.25f);
    z += 0.05f * std::max(view_.smile, 0.0f) * hill(a, y, 0.34f, -0.34f, 0.20f, 0.17f);
    z -= 0.03f * hill(a, y, 0.60f, 0.28f, 0.16f, 0.25f);
    // Mouth: the muzzle, the philtrum, two lips and the furrow between.
    const float line = at.mouth_line(x), t = x / at.mouth_half_width;
    z += 0.045f * hill(x, y, 0, at.mouth_y + 0.02f, 0.34f, 0.28f);
    z -= 0.014f * hill(x, y, 0, 0.5f * (at.nose_base_y + at.mouth_y + identity_.upper_lip), 0.035f, 0.08f);
    if (std::abs(t) < 1.1f) {
        const float across = std::max(1.2f - t * t, 0.0f);
        const float upper = identity_.upper_lip + 0.01f, lower = identity_.lower_lip + 0.012f;
        const float du = (y - line - 0.45f * upper) / upper,
                    dl = (y - line + at.gap(x) + 0.5f * lower) / lower;
        z += across * (0.020f * hill(du * du) + 0.036f * hill(dl * dl));
        const float dm = (y - line) / 0.022f;
        z -= 0.014f * across * hill(dm * dm);
    }
    z -= 0.03f * hill(x, y, 0, at.mouth_y - identity_.lower_lip - 0.085f, 0.20f, 0.07f);
    // Chin.
    z += (0.03f + 0.05f * identity_.chin) * hill(x, y, 0, -0.86f, 0.22f, 0.15f);
    // The fold from the nose's wing to the mouth's corner.
    const float fold_t = saturate((at.nose_tip_y - y) / (at.nose_tip_y - at.mouth_y));
    const float fold_x = mix(0.155f * identity_.nose_width, at.mouth_half_width + 0.055f, fold_t);
    const float fold = 0.3f + 0.5f * identity_.age + 0.6f * std::max(view_.smile, 0.0f);
    z -= 0.016f * fold * hill(a, y, fold_x, 0.5f * (at.nose_tip_y + at.mouth_y), 0.05f, 0.19f);
    return z;
}

HeadShape::Meridian::Meridian(float azimuth)
    // A face is flatter in front than an ellipse.
    : azimuth(azimuth),
      sine(std::sin(azimuth)),
      cosine(std::cos(azimuth)),
      flat(cosine > 0 ? std::pow(cosine, 0.85f) : cosine) {}

Vec3 HeadShape::point(const Meridian& meridian, float y, float width, float depth) const {
    const float x = width * meridian.sine;
    float z = depth * meridian.flat;
    if (meridian.cosine > 0) z += relief(x, y) * smoothstep(0.0f, 0.45f, meridian.cosine);
    return {x, layout_.drop_jaw(x, y), z};
}

Vec3 HeadShape::point(float azimuth, float y) const {
    return point(Meridian(azimuth), y, width(y), depth(y));
}

Vec3 HeadShape::front(float x, float y) const {
    return point(std::asin(std::clamp(x / width(y), -1.0f, 1.0f)), y);
}

Surface HeadShape::head() const {
    constexpr int rows = 132, columns = 112;
    constexpr float widest = 2.2f;  // azimuth of the outermost columns
    std::vector<Meridian> meridians;
    for (int column = 0; column < columns; ++column) {
        // Columns stand closer in front, where the features are.
        const float p = 2 * float(column) / (columns - 1) - 1;
        meridians.emplace_back(widest * p * (0.45f + 0.55f * p * p));
    }
    Surface surface(rows, columns);
    for (int row = 0; row < rows; ++row) {
        const float q = 2 * float(row) / (rows - 1) - 1;
        const float y = 0.9995f * mix(q, std::sin(0.5f * pi * q), 0.3f);
        const float width = this->width(y), depth = this->depth(y);
        for (int column = 0; column < columns; ++column) {
            const Meridian& meridian = meridians[size_t(column)];
            const size_t i = surface.index(row, column);
            surface.position[i] = rotation_(point(meridian, y, width, depth));
            surface.local[i] = {width * meridian.sine, y, meridian.azimuth};
        }
    }
    surface.compute_normals();
    return surface;
}

Surface HeadShape::ear(float side) const {
    constexpr int rows = 20, columns = 20;
    Surface surface(rows, columns);
    const Vec3 center{side * (width(-0.12f) + 0.005f), -0.10f, -0.06f};
    const float outward = 0.75f;  // angle that the ear stands off
    for (int row = 0; row < rows; ++row) {
        const float v = 2 * float(row) / (rows - 1) - 1;
        for (int column = 0; column < columns; ++column) {
            const float u = 2 * float(column) / (columns - 1) - 1;
            // A dished half ellipsoid, narrower at the lobe; u runs away from the cheek on either side.
            const float outline =
                std::sqrt(std::max(1 - v * v, 0.0f)) * mix(0.72f, 1.0f, smoothstep(-1.0f, 0.3f, v));
            const float across = u * outline * 0.105f, away = side * u;
            const float rim = std::sqrt(std::max(1.001f - u * u, 0.0f)) * outline;
            const float dish = hill(u * u / 0.45f + (v - 0.1f) * (v - 0.1f) / 0.5f);
            const float height = 0.055f * rim - 0.035f * dish;
            const float e = side * across;  // > 0 away from the cheek
            const Vec3 offset{side * (e * std::cos(outward) + height * 0.3f), v * 0.20f * identity_.ear_size,
                              -e * std::sin(outward) * 0.6f + height};
            surface.position[surface.index(row, column)] = rotation_(center + offset * identity_.ear_size);
            surface.local[surface.index(row, column)] = {away, v, side};
        }
    }
    surface.compute_normals();
    return surface;
}

Surface HeadShape::neck() const {
    constexpr int rows = 40, columns = 40;
    Surface surface(rows, columns);
    for (int row = 0; row < rows; ++row) {
        const float y = mix(-1.9f, -0.45f, float(row) / (rows - 1));
        const float flare = std::max(-1.05f - y, 0.0f);
        const float radius = identity_.neck_width + 0.60f * flare * flare;
        for (int column = 0; column < columns; ++column) {
            const float azimuth = 1.9f * (2 * float(column) / (columns - 1) - 1);
            const float x = radius * std::sin(azimuth);
            float z = 0.9f * identity_.neck_width * std::cos(azimuth) - 0.14f;
            // Throat and the two muscles that run down to the collarbone's middle.
            z += 0.03f * hill(x, y, 0, -1.15f, 0.10f, 0.14f);
            const float muscle = (std::abs(x) - mix(0.07f, 0.36f, saturate((y + 1.65f) / 0.8f))) / 0.10f;
            z += 0.03f * hill(muscle * muscle) * smoothstep(-0.8f, -1.1f, y);
            surface.position[surface.index(row, column)] = body_rotation_({x, y, z});
            surface.local[surface.index(row, column)] = {x, y, z};
        }
    }
    surface.compute_normals();
    return surface;
}

Surface HeadShape::torso() const {
    constexpr int rows = 36, columns = 48;
    Surface surface(rows, columns);
    for (int row = 0; row < rows; ++row) {
        // From below upwards: the chest, then over the shoulder's ridge.
        const float q = float(row) / (rows - 1);
        const float angle = 0.5f * pi * (1 - q);
        for (int column = 0; column < columns; ++column) {
            const float p = 2 * float(column) / (columns - 1) - 1;
            const float x = 1.75f * p;
            const float a = std::abs(x);
            const float ridge = -1.12f - 0.24f * a - 0.9f * std::pow(std::max(a - 1.05f, 0.0f), 1.5f);
            const float y = ridge - 1.6f * (1 - std::sin(0.5f * pi * q)) * (0.6f + 0.4f * std::cos(angle));
            const float z = -0.28f + 0.62f * std::sin(angle) * std::sqrt(std::max(1 - 0.28f * x * x, 0.0f));
            surface.position[surface.index(row, column)] = body_rotation_({x, y, z});
            surface.local[surface.index(row, column)] = {x, y, z};
        }
    }
    surface.compute_normals();
    return surface;
}

}  // namespace unmask
