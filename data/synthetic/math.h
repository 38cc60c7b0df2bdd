// SPDX-License-Identifier: Apache-2.0
// Small vectors, rotations and shaping functions for the drawn faces.
#pragma once

#include <algorithm>
#include <cmath>

namespace unmask {

// A point, direction or linear RGB colour.
struct Vec3 {
    float x = 0, y = 0, z = 0;
    bool operator==(const Vec3&) const = default;
};

constexpr Vec3 operator+(Vec3 a, Vec3 b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
}
constexpr Vec3 operator-(Vec3 a, Vec3 b) {
    return {a.x - b.x, a.y - b.y, a.z - b.z};
}
constexpr Vec3 operator*(Vec3 a, Vec3 b) {
    return {a.x * b.x, a.y * b.y, a.z * b.z};
}
constexpr Vec3 operator*(Vec3 a, float s) {
    return {a.x * s, a.y * s, a.z * s};
}
constexpr float dot(Vec3 a, Vec3 b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
constexpr Vec3 cross(Vec3 a, Vec3 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline Vec3 normalized(Vec3 a) {
    return a * (1.0f / std::sqrt(std::max(dot(a, a), 1e-20f)));
}

constexpr float mix(float a, float b, float t) {
    return a + (b - a) * t;
}
constexpr Vec3 mix(Vec3 a, Vec3 b, float t) {
    return a + (b - a) * t;
}
constexpr float saturate(float t) {
    return std::clamp(t, 0.0f, 1.0f);
}

// 0 below low, 1 above high, 3t²-2t³ between; low > high turns it round.
constexpr float smoothstep(float low, float high, float value) {
    const float t = saturate((value - low) / (high - low));
    return t * t * (3 - 2 * t);
}

// (1 - d²)² inside the unit disc, 0 outside: a hill with compact support.
constexpr float hill(float distance_squared) {
    const float t = 1 - distance_squared;
    return t > 0 ? t * t : 0;
}

// The hill over the ellipse around (center_x, center_y).
constexpr float hill(float x, float y, float center_x, float center_y, float radius_x, float radius_y) {
    const float dx = (x - center_x) / radius_x, dy = (y - center_y) / radius_y;
    return hill(dx * dx + dy * dy);
}

// Rotation by its rows.
struct Rotation {
    Vec3 rows[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    [[nodiscard]] Vec3 operator()(Vec3 v) const {
        return {dot(rows[0], v), dot(rows[1], v), dot(rows[2], v)};
    }
};

// roll · pitch · yaw in a frame with x to the right, y up and z towards the viewer; radians. Positive yaw
// turns the face to the picture's right, positive pitch lifts the chin, positive roll tilts the crown to the
// picture's left.
inline Rotation head_rotation(float yaw, float pitch, float roll) {
    const float cy = std::cos(yaw), sy = std::sin(yaw);
    const float cp = std::cos(pitch), sp = std::sin(pitch);
    const float cr = std::cos(roll), sr = std::sin(roll);
    // yaw: (x cy + z sy, y, z cy - x sy); pitch: (x, y cp + z sp, z cp - y sp).
    const Vec3 x{cy, 0, sy}, y{-sy * sp, cp, cy * sp}, z{-sy * cp, -sp, cy * cp};
    return {{x * cr - y * sr, x * sr + y * cr, z}};
}

}  // namespace unmask
