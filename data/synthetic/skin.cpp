// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/skin.h"

#include "data/synthetic/noise.h"

namespace unmask {

Skin::Skin(const FaceIdentity& identity, const FaceView& view, const FaceLayout& layout)
    : identity_(identity),
      view_(view),
      at_(layout),
      offset_x_(16 * cell_random(4, 0, uint32_t(identity.seed))),
      offset_y_(16 * cell_random(5, 0, uint32_t(identity.seed))) {}

Shading Skin::bare(float u, float v, Vec3 normal) const {
    const float clouds = cloud_noise()(offset_x_ + 3.5f * u, offset_y_ + 3.5f * v);
    const float blood = cloud_noise()(offset_y_ + 2.1f * v, offset_x_ + 2.1f * u);
    const NoiseTile& grain = grain_noise();
    const float gu = offset_x_ + 42 * u, gv = offset_y_ + 42 * v;
    const float pore = grain(gu, gv);
    const float slope_u = grain(gu + 0.5f, gv) - pore, slope_v = grain(gu, gv + 0.5f) - pore;
    Shading out;
    out.albedo = identity_.skin * (1 + 0.05f * clouds + (0.05f + 0.07f * identity_.pores) * pore);
    const float red = 0.09f * identity_.redness * blood;
    out.albedo = out.albedo * Vec3{1 + 0.3f * red, 1 - red, 1 - red};
    const float bump = 0.05f + 0.11f * identity_.pores;
    out.normal = normalized(normal + Vec3{-bump * slope_u, bump * slope_v, 0});
    out.wrap = {0.42f, 0.24f, 0.17f};
    out.gloss = 0.45f + 0.75f * identity_.gloss + 0.25f * clouds;
    return out;
}

Shading Skin::plain(float u, float v, Vec3 normal) const {
    return bare(u + 3, v + 5, normal);
}

float Skin::wrinkles(float x, float y) const {
    const float a = std::abs(x);
    const float age = identity_.age;
    const float wobble = 0.018f * cloud_noise()(offset_x_ + 2.5f * x, offset_y_);
    float lines = 0;
    const auto furrow = [](float distance, float width) {
        return hill(distance * distance / (width * width));
    };
    if (y > 0.28f && y < 0.62f && a < 0.5f) {
        const float lift = saturate(age * 1.2f - 0.3f) + 0.5f * view_.brow_raise;
        const float fade = smoothstep(0.5f, 0.2f, a);
        for (const float level : {0.33f, 0.42f, 0.51f})
            lines +=
                0.55f * lift * fade * furrow(y - level - wobble * (1 + 4 * level) + 0.1f * x * x, 0.016f);
    }
    if (y < -0.25f && y > -0.72f && a > 0.1f) {
        // From the nose's wing to beside the mouth's corner.
        const float t = (at_.nose_tip_y + 0.02f - y) / (at_.nose_tip_y + 0.02f - at_.mouth_y);
        const float place = mix(0.165f * identity_.nose_width, at_.mouth_half_width + 0.06f, t) +
                            0.02f * hill((t - 0.5f) * 2);
        const float depth = 0.12f + 0.55f * age * age + 0.45f * std::max(view_.smile, 0.0f);
        lines += depth * smoothstep(-0.05f, 0.2f, t) * smoothstep(1.15f, 0.75f, t) *
                 furrow(a - place - wobble, 0.026f);
    }
    if (y < 0.1f && y > -0.22f && a > 0.1f) {
        // Bags under the eyes and crow's feet.
        const float bag = (a - at_.eye_x + 0.02f) / 0.17f;
        const float bag_y = -at_.lower_lid - 0.075f + 0.045f * bag * bag;
        lines += (0.10f + 0.45f * age * age) * saturate(1 - bag * bag) * furrow(y - bag_y, 0.022f);
        const float foot = a - at_.eye_x - at_.eye_half_width;
        if (foot > 0.02f && foot < 0.16f) {
            const float strength = saturate(0.8f * age - 0.25f + 0.4f * std::max(view_.smile, 0.0f) * age);
            for (const float slope : {0.5f, 0.0f, -0.5f})
                lines += 0.5f * strength * smoothstep(0.16f, 0.06f, foot) *
                         furrow(y - 0.02f - slope * foot, 0.010f);
        }
    }
    return lines;
}

float Skin::spots(float x, float y) const {
    float dark = 0;
    const auto scatter = [&](float cells, uint32_t salt, float density, float smallest, float largest) {
        const float u = x * cells + 100, v = y * cells + 100;
        const int column = int(u), row = int(v);
        const uint32_t key = uint32_t(identity_.seed) * 31 + salt;
        if (cell_random(column, row, key) > density) return 0.0f;
        const float radius = mix(smallest, largest, cell_random(column, row, key + 1));
        const float cu = mix(radius, 1 - radius, cell_random(column, row, key + 2));
        const float cv = mix(radius, 1 - radius, cell_random(column, row, key + 3));
        const float du = u - float(column) - cu, dv = v - float(row) - cv;
        return smoothstep(radius * radius, 0.3f * radius * radius, du * du + dv * dv);
    };
    if (identity_.freckles > 0 && y < 0.15f) {
        const float where = hill(std::abs(x), y, 0.22f, -0.22f, 0.42f, 0.36f);
        if (where > 0) dark += 0.42f * identity_.freckles * scatter(28, 1, 1.1f * where, 0.2f, 0.42f);
    }
    if (identity_.moles > 0) dark += 0.75f * scatter(3.1f, 9, 0.20f * identity_.moles, 0.05f, 0.085f);
    return std::min(dark, 0.85f);
}

void Skin::facial_hair(float x, float y, float azimuth, Shading& skin) const {
    if (identity_.stubble <= 0 && identity_.beard <= 0 && identity_.mustache <= 0) return;
    if (y > 0.05f) return;
    const float a = std::abs(x);
    const float ragged = 0.05f * cloud_noise()(offset_x_ + 6 * x, offset_y_ + 6 * y);
    // The cheek's line falls from the sideburn to the mouth's corner.
    const float away = std::abs(azimuth);
    const float cheek_line = mix(-0.62f, -0.12f, smoothstep(0.25f, 1.25f, away)) + 0.02f + ragged;
    const float jaw = smoothstep(cheek_line + 0.05f, cheek_line - 0.06f, y);
    const float upper = identity_.upper_lip * 1.1f;
    const float lip_x = a / (at_.mouth_half_width + 0.05f);
    const float middle = 0.5f * (at_.nose_base_y - 0.02f + at_.mouth_y + upper) - 0.05f * lip_x * lip_x;
    const float above_lip = smoothstep(1.1f, 0.85f, lip_x + ragged) *
                            smoothstep(0.085f, 0.045f, std::abs(y - middle + 0.5f * ragged));
    const float around_mouth = hill(x, y, 0, at_.mouth_y, at_.mouth_half_width * 1.05f, 0.09f);
    const float chin = jaw * (1 - smoothstep(0.0f, 0.35f, around_mouth));
    const float grain = grain_noise()(offset_x_ + 70 * x, offset_y_ + 26 * y);
    const float shade = 0.34f * identity_.stubble * std::max(chin, above_lip) * (0.75f + 0.5f * grain);
    skin.albedo = mix(skin.albedo, mix(identity_.hair, {0.06f, 0.06f, 0.065f}, 0.5f), std::max(shade, 0.0f));
    const float growth =
        saturate((identity_.beard * chin + std::max(identity_.mustache, 0.8f * identity_.beard) * above_lip) *
                 (1.25f + 0.45f * grain));
    skin.albedo = mix(skin.albedo, identity_.hair * (1.05f + 0.7f * grain), 0.93f * growth);
    skin.gloss *= 1 - 0.8f * growth;
    skin.wrap = mix(skin.wrap, {0.2f, 0.2f, 0.2f}, growth);
}

float Skin::occlusion(float x, float y, float azimuth) const {
    const float a = std::abs(x);
    float open = 1;
    open -= 0.30f * hill(a, y, 0.14f, 0.02f, 0.10f, 0.14f);           // inner corners of the sockets
    open -= 0.22f * hill(a, y, at_.eye_x, 0.10f, 0.24f, 0.08f);       // under the brows
    open -= 0.25f * hill(a, y, 0.17f, at_.nose_tip_y, 0.07f, 0.14f);  // beside the nose
    open -= 0.35f * hill(x, y, 0, at_.nose_base_y - 0.03f, 0.17f, 0.07f);
    open -= 0.28f * hill(x, y, 0, at_.mouth_y - identity_.lower_lip - 0.055f, 0.22f, 0.06f);
    open -= 0.55f * smoothstep(-0.90f, -1.0f, y);               // under the chin
    open -= 0.25f * smoothstep(1.0f, 1.5f, std::abs(azimuth));  // before the ears
    return std::max(open, 0.15f);
}

float Skin::self_shadow(float x, float y, Vec3 key_direction) const {
    // The nose's shadow falls away from the light: beside the nose, or onto the lip for a light from above.
    const float lx = key_direction.x, ly = key_direction.y;
    const float side = hill(x, y, -0.26f * lx, at_.nose_tip_y + 0.06f - 0.12f * ly, 0.13f, 0.20f);
    const float lip = hill(x, y, -0.10f * lx, at_.nose_base_y - 0.05f * ly - 0.02f, 0.13f, 0.085f);
    const float lids = hill(std::abs(x), y, 0.24f, 0.07f, 0.24f, 0.12f) * saturate(ly);
    const float shade =
        std::max({0.85f * std::abs(lx) * smoothstep(0.02f, 0.12f, -x * (lx > 0 ? 1.0f : -1.0f)) * side,
                  0.75f * saturate(ly) * lip, 0.40f * lids});
    return 1 - std::min(shade, 0.9f);
}

Shading Skin::face(const Vec3& local, Vec3 normal, Vec3 key_direction) const {
    const float x = local.x, y = local.y, azimuth = local.z;
    const float a = std::abs(x);
    Shading out = bare(0.68f * azimuth, y, normal);
    const float flush = 0.8f * hill(a, y, 0.36f, -0.27f, 0.28f, 0.24f) +
                        0.8f * hill(x, y, 0, at_.nose_tip_y, 0.14f, 0.12f) +
                        0.4f * hill(x, y, 0, -0.85f, 0.2f, 0.14f);
    const float blush = std::min(flush, 1.0f) * (0.25f + 0.75f * identity_.redness);
    out.albedo = out.albedo * mix({1, 1, 1}, {1.04f, 0.83f, 0.80f}, blush);
    // Thin skin around the eyes lets dark blood through.
    const float socket = hill(a, y, at_.eye_x - 0.03f, -0.06f, 0.20f, 0.13f);
    out.albedo = out.albedo * mix({1, 1, 1}, {0.80f, 0.72f, 0.74f}, socket * (0.35f + 0.5f * identity_.age));
    const float freckle = spots(x, y);
    out.albedo = out.albedo * mix({1, 1, 1}, {0.62f, 0.42f, 0.33f}, freckle);
    out.albedo = out.albedo * (1 - 0.38f * std::min(wrinkles(x, y), 1.2f));
    // Oily along the middle.
    out.gloss *= 0.75f + 0.6f * hill(x, y, 0, 0.0f, 0.28f, 0.75f);
    facial_hair(x, y, azimuth, out);
    out.occlusion = occlusion(x, y, azimuth);
    out.shadow = self_shadow(x, y, key_direction);
    return out;
}

}  // namespace unmask
