// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/features.h"

#include "data/synthetic/noise.h"

namespace unmask {

FeaturePainter::FeaturePainter(const FaceIdentity& identity, const FaceView& view, const FaceLayout& layout)
    : identity_(identity),
      view_(view),
      at_(layout),
      offset_(16 * cell_random(3, 0, uint32_t(identity.seed))) {}

float FeaturePainter::paint(float x, float y, Vec3 right, Vec3 up, Vec3 key_direction, Shading& skin) const {
    nose(x, y, skin);
    brow(x, y, skin);
    mouth(x, y, skin);
    return eye(x, y, right, up, key_direction, skin);
}

void FeaturePainter::brow(float x, float y, Shading& skin) const {
    const float a = std::abs(x);
    constexpr float inner = 0.095f, outer = 0.475f;
    const float t = (a - inner) / (outer - inner);
    if (t < -0.1f || t > 1.05f) return;
    const float bend = (t - 0.62f) / 0.62f;
    const float center =
        at_.brow_y + identity_.brow_tilt * t + identity_.brow_arch * (1 - bend * bend) - 0.02f;
    const float half = identity_.brow_thickness * (1 - 0.65f * smoothstep(0.45f, 1.05f, t)) *
                       (0.75f + 0.25f * smoothstep(-0.05f, 0.2f, t));
    const float across = (y - center) / half;
    if (std::abs(across) > 1.6f) return;
    // Hairs lean outwards, and upwards at the inner end.
    const float lean = mix(0.5f, 2.2f, saturate(t));
    const float strokes =
        cloud_noise()(offset_ + (a - lean * (y - center)) * 26, offset_ + (y + 0.4f * a) * 7);
    const float body = smoothstep(1.35f, 0.35f, std::abs(across) + 0.35f * strokes) *
                       smoothstep(-0.08f, 0.14f, t + 0.05f * strokes) * smoothstep(1.05f, 0.85f, t);
    const float cover =
        saturate(body * (0.75f + 0.45f * strokes + 0.25f * identity_.brow_density)) * identity_.brow_density;
    skin.albedo = mix(skin.albedo, identity_.brow_color * (1 + 0.4f * strokes), cover);
    skin.gloss *= 1 - cover;
}

void FeaturePainter::mouth(float x, float y, Shading& skin) const {
    const float t = x / at_.mouth_half_width;
    if (std::abs(t) > 1.25f || y > at_.mouth_y + 0.2f || y < at_.mouth_y - 0.25f) return;
    const float line = at_.mouth_line(x), gap = at_.gap(x);
    const float above = y - line, below = line - gap - y;
    const float upper = upper_lip_height(identity_, t), lower = lower_lip_height(identity_, t);
    // Shade in the corners.
    const float corner = hill(std::abs(t), (above + 0.004f) / 0.04f, 1.0f, 0, 0.16f, 1);
    skin.albedo = skin.albedo * (1 - 0.40f * corner);
    if (std::abs(t) >= 1) return;
    if (above <= 0 && below < 0) {
        // Between the lips: teeth under the upper one, darkness behind.
        const float teeth_share = view_.smile > 0.4f ? 0.75f : 0.45f;
        const float v = -above / std::max(gap, 1e-4f);
        const float gaps = 1 - 0.22f * smoothstep(0.42f, 0.5f, std::abs(t * 5.5f - std::round(t * 5.5f)));
        const Vec3 enamel = Vec3{0.56f, 0.52f, 0.46f} * (gaps * (1 - 0.75f * t * t));
        const float teeth = smoothstep(teeth_share + 0.05f, teeth_share - 0.05f, v) *
                            smoothstep(0.95f, 0.8f, std::abs(t)) * smoothstep(0.006f, 0.018f, gap);
        skin.albedo =
            mix(Vec3{0.055f, 0.016f, 0.014f}, enamel, teeth) * (0.55f + 0.45f * smoothstep(0.0f, 0.3f, v));
        skin.occlusion *= 0.6f;
        skin.gloss = 0.25f * teeth;
        return;
    }
    const float lip_above = upper > 0 ? above / upper : 9.0f, lip_below = lower > 0 ? below / lower : 9.0f;
    const float cover = above > 0 ? smoothstep(1.12f, 0.88f, lip_above) : smoothstep(1.15f, 0.80f, lip_below);
    if (cover > 0) {
        const float creases = cloud_noise()(offset_ + t * 9, offset_ + y * 5);
        Vec3 color = identity_.lips * (1 + 0.14f * creases);
        // The upper lip faces down and is darker, both darken towards the line between them.
        color = color * (above > 0 ? mix(0.72f, 0.92f, saturate(lip_above))
                                   : mix(0.82f, 1.06f, smoothstep(0.0f, 0.5f, lip_below)));
        skin.albedo = mix(skin.albedo, color, 0.9f * cover);
        skin.gloss = mix(skin.gloss, above > 0 ? 0.5f : 1.0f, cover * 0.6f);
        skin.wrap = mix(skin.wrap, {0.4f, 0.2f, 0.2f}, cover);
    }
    if (at_.mouth_gap < 0.01f) {
        const float seam = hill(above * above / 0.00022f) * smoothstep(1.03f, 0.9f, std::abs(t));
        skin.albedo = skin.albedo * (1 - 0.80f * seam);
        skin.gloss *= 1 - seam;
    }
}

void FeaturePainter::nose(float x, float y, Shading& skin) const {
    const float a = std::abs(x);
    if (a > 0.3f || y > 0.1f || y < at_.nose_base_y - 0.12f) return;
    // Nostrils, the crease around the wing, the shade under the tip.
    const float nostril =
        hill(a, y, at_.nostril_x, at_.nose_base_y + 0.008f, 0.046f * identity_.nose_width, 0.024f);
    const float wing = hill(a, y, 0.168f * identity_.nose_width, at_.nose_tip_y - 0.01f, 0.026f, 0.062f);
    const float under = hill(x, y, 0, at_.nose_base_y - 0.015f, 0.15f * identity_.nose_width, 0.05f);
    skin.albedo = mix(skin.albedo, skin.albedo * Vec3{0.16f, 0.09f, 0.08f}, smoothstep(0.1f, 0.7f, nostril));
    skin.albedo =
        skin.albedo * mix(Vec3{1, 1, 1}, Vec3{0.72f, 0.62f, 0.59f}, std::max(0.8f * wing, 0.35f * under));
    skin.gloss *= 1 - std::max(nostril, under);
}

}  // namespace unmask
