// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/light.h"

namespace unmask {

Lighting::Lighting(const FaceView& view) {
    const float ce = std::cos(view.light_elevation);
    key_direction_ = {std::sin(view.light_azimuth) * ce, std::sin(view.light_elevation),
                      std::cos(view.light_azimuth) * ce};
    const float other_side = view.light_azimuth > 0 ? -1.0f : 1.0f;
    fill_direction_ = normalized({other_side * 0.8f, 0.1f, 0.6f});
    half_ = normalized(key_direction_ + Vec3{0, 0, 1});
    const float t = view.temperature;
    const Vec3 tint{1 + 0.14f * t, 1 + 0.01f * t, 1 - 0.17f * t};
    const Vec3 counter_tint{1 - 0.05f * t, 1, 1 + 0.07f * t};
    key_ = tint * (1.18f * view.light_intensity);
    fill_ = counter_tint * view.fill;
    sky_ = Vec3{0.97f, 1.0f, 1.04f} * counter_tint * view.ambient;
    ground_ = Vec3{1.05f, 0.98f, 0.9f} * (0.55f * view.ambient);
}

Vec3 Lighting::shade(const Shading& surface) const {
    const Vec3 n = surface.normal;
    const float key_cosine = dot(n, key_direction_);
    const auto wrapped = [&](float wrap) {
        const float lit = std::max((key_cosine + wrap) / (1 + wrap), 0.0f);
        return lit;
    };
    // Shadows of skin are soft-edged and reddish as well.
    const Vec3 shadow{mix(surface.shadow, 1.0f, 0.25f * surface.wrap.x), surface.shadow, surface.shadow};
    const Vec3 diffuse =
        Vec3{wrapped(surface.wrap.x), wrapped(surface.wrap.y), wrapped(surface.wrap.z)} * shadow;
    const float fill_cosine = std::max((dot(n, fill_direction_) + 0.3f) / 1.3f, 0.0f);
    const Vec3 ambient = mix(ground_, sky_, 0.5f + 0.5f * n.y) * surface.occlusion;
    const float soft_occlusion = mix(surface.occlusion, 1.0f, 0.5f);
    Vec3 radiance =
        surface.albedo * (key_ * diffuse * soft_occlusion + fill_ * (fill_cosine * soft_occlusion) + ambient);
    if (surface.gloss > 0) {
        const float cosine = std::max(dot(n, half_), 0.0f);
        const float c2 = cosine * cosine, c4 = c2 * c2, c8 = c4 * c4, c16 = c8 * c8;
        const float lobe = 0.050f * c8 + 0.16f * c16 * c16;
        const float grazing = 1 - std::max(n.z, 0.0f);
        const float fresnel = 1 + 2.5f * grazing * grazing * grazing;
        const float visible = surface.shadow * std::max(std::min(key_cosine * 4, 1.0f), 0.0f);
        radiance = radiance + key_ * (surface.gloss * lobe * fresnel * visible) +
                   sky_ * (surface.gloss * 0.06f * grazing * grazing * surface.occlusion);
    }
    return radiance;
}

}  // namespace unmask
