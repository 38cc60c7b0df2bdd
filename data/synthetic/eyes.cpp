// SPDX-License-Identifier: Apache-2.0
// Eyes: lids, lashes, eyeball, iris, pupil and the light's reflection. Places are relative to the eye's half
// width: t runs from the inner corner (-1) to the outer (+1), v upwards.
#include "data/synthetic/features.h"
#include "data/synthetic/noise.h"

namespace unmask {
namespace {

constexpr float iris_radius = 0.44f, pupil_radius = 0.17f;

}  // namespace

void FeaturePainter::eyeball(float side, float t, float v, float upper, Vec3 right, Vec3 up,
                             Shading& out) const {
    const float u = side * t;  // to the picture's right
    const float iu = u - 0.85f * std::sin(view_.gaze_x), iv = v - 0.06f - 0.85f * std::sin(view_.gaze_y);
    const float d = std::sqrt(iu * iu + iv * iv);
    Vec3 white = mix(Vec3{0.66f, 0.63f, 0.60f}, Vec3{0.60f, 0.38f, 0.33f},
                     0.7f * smoothstep(0.65f, 1.05f, std::abs(t)));
    const float fibres = cloud_noise()(offset_ + 2.2f * std::atan2(iv, iu), 5 + 1.5f * d);
    Vec3 iris = identity_.iris * (0.95f + 0.5f * fibres);
    // Lighter towards the lower edge, where the key shines through, and dark at the rim.
    iris = iris * (1 + 0.7f * smoothstep(0.1f, -0.3f, iv)) *
           (1 - 0.75f * smoothstep(0.78f, 1.0f, d / iris_radius));
    iris = mix(Vec3{0.006f, 0.005f, 0.005f}, iris, smoothstep(pupil_radius - 0.03f, pupil_radius + 0.03f, d));
    out.albedo = mix(iris, white, smoothstep(iris_radius - 0.02f, iris_radius + 0.05f, d));
    // The upper lid and its lashes shade the ball.
    const float lid_shadow = 0.35f + 0.65f * smoothstep(-0.02f, 0.30f, upper - v);
    out.albedo = out.albedo * lid_shadow;
    out.occlusion = 0.55f + 0.45f * (1 - t * t);
    out.normal = normalized(out.normal + right * (0.45f * u) + up * (0.3f * v));
    out.wrap = {0.30f, 0.25f, 0.22f};
    out.gloss = 0.15f;
    out.shadow = std::max(out.shadow, 0.6f);
}

float FeaturePainter::eye(float x, float y, Vec3 right, Vec3 up, Vec3 key_direction, Shading& skin) const {
    const float side = x < 0 ? -1.0f : 1.0f;
    const float a = std::abs(x);
    const float t = (a - at_.eye_x) / at_.eye_half_width;
    if (std::abs(t) > 1.5f || std::abs(y) > 0.20f) return 0;
    const float v = (y - at_.eye_tilt * (a - at_.eye_x)) / at_.eye_half_width;
    const float upper_lid = at_.upper_lid / at_.eye_half_width,
                lower_lid = at_.lower_lid / at_.eye_half_width;
    const float inner = std::min(std::abs(t), 1.0f);
    const float arch = 1 - inner * inner * std::sqrt(std::sqrt(inner));
    const float upper = upper_lid * arch * (1 - 0.13f * t),
                lower = -lower_lid * (1 - inner * inner) * (1 + 0.18f * t);
    const bool inside = std::abs(t) < 1 && v < upper && v > lower;

    // The fold above the lid, the lid's own roundness, and the shade under the lower one.
    const float fold_height = std::max(upper, 0.5f * lower_lid) +
                              (0.17f + 0.10f * (1 - identity_.eye_depth)) * std::max(1.25f - t * t, 0.0f);
    const float fold =
        hill((v - fold_height) * (v - fold_height) / 0.012f) * smoothstep(1.35f, 0.8f, std::abs(t));
    skin.albedo = skin.albedo * (1 - (0.25f + 0.35f * identity_.lid_crease) * fold);
    const float between = smoothstep(fold_height, upper, v) * smoothstep(1.2f, 0.9f, std::abs(t));
    if (v > upper) skin.albedo = skin.albedo * (1 - 0.12f * between);

    if (inside) {
        eyeball(side, t, v, upper, right, up, skin);
        // Corner of the eye.
        const float corner = smoothstep(-0.80f, -0.95f, t);
        skin.albedo = mix(skin.albedo, Vec3{0.42f, 0.20f, 0.17f}, 0.7f * corner);
        const float iu = side * t - 0.85f * std::sin(view_.gaze_x),
                    iv = v - 0.06f - 0.85f * std::sin(view_.gaze_y);
        const float hu = iu - 0.26f * key_direction.x, hv = iv - 0.24f * key_direction.y;
        const float gu = iu + 0.20f * key_direction.x, gv = iv + 0.10f;
        return 0.9f * smoothstep(0.013f, 0.004f, hu * hu + hv * hv) +
               0.025f * hill((gu * gu + gv * gv) / 0.02f);
    }
    // Lashes: a dark line along the upper lid that reaches beyond the outer corner, a faint one below.
    const float thick = 0.085f + 0.05f * saturate(t + 0.3f) - 0.04f * smoothstep(-0.5f, -1.0f, t);
    const float reach = smoothstep(1.22f, 1.02f, t) * smoothstep(-1.08f, -0.9f, t);
    const float edge = t > 1 ? -0.25f * (t - 1) : upper;
    const float above = v - edge;
    if (above > -0.05f && above < thick) {
        const float line = reach * smoothstep(thick, 0.35f * thick, above);
        skin.albedo = mix(skin.albedo, Vec3{0.018f, 0.013f, 0.012f}, 0.92f * line);
        skin.gloss *= 1 - line;
    }
    const float below = lower - v;
    if (below > 0 && below < 0.10f && std::abs(t) < 1.05f) {
        const float rim = smoothstep(0.10f, 0.01f, below) * smoothstep(1.05f, 0.8f, std::abs(t));
        skin.albedo =
            mix(skin.albedo, Vec3{0.20f, 0.10f, 0.085f} * (0.4f + 0.6f * identity_.skin.x), 0.45f * rim);
    }
    return 0;
}

}  // namespace unmask
