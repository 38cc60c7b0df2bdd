// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/background.h"

#include "data/synthetic/noise.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// A colour of any hue, not too saturated.
Vec3 any_color(PhiloxSequence& random, float darkest, float lightest) {
    const float value = float(random.uniform(darkest, lightest));
    const float saturation = float(random.uniform(0, 0.65));
    const float hue = float(random.uniform(0, 6.2832));
    const Vec3 wheel{0.5f + 0.5f * std::cos(hue), 0.5f + 0.5f * std::cos(hue - 2.0944f),
                     0.5f + 0.5f * std::cos(hue + 2.0944f)};
    return mix(Vec3{1, 1, 1}, wheel, saturation) * value;
}

}  // namespace

Background::Background(uint64_t seed) {
    PhiloxSequence random(seed, "synthetic_background");
    const auto between = [&](double low, double high) { return float(random.uniform(low, high)); };
    const float light = between(0.08, 0.55);
    top_ = any_color(random, 0.7f * light, 1.3f * light);
    bottom_ = mix(top_, any_color(random, 0.5f * light, light), between(0.3, 0.9));
    offset_ = between(0, 16);
    clouds_ = between(0.05, 0.30);
    const float focus = between(0.02, 0.12);
    // A plain studio wall, or a place with things in it.
    const int count = random.chance(0.25) ? 0 : 3 + int(random.below(9));
    for (int i = 0; i < count; ++i) {
        Shape shape;
        shape.round = random.chance(0.35);
        shape.x = between(-0.1, 1.1);
        shape.y = between(-0.1, 1.0);
        shape.half_width = shape.round ? between(0.02, 0.10) : between(0.03, 0.25);
        shape.half_height = shape.round ? shape.half_width : between(0.05, 0.45);
        shape.softness = focus * between(0.8, 1.3);
        shape.color = any_color(random, 0.3f * light, shape.round ? 2.2f * light : 1.7f * light);
        shape.cover = between(0.35, 0.95);
        shapes_.push_back(shape);
    }
}

Vec3 Background::operator()(float x, float y) const {
    Vec3 color = mix(top_, bottom_, smoothstep(0.1f, 1.0f, y));
    for (const Shape& shape : shapes_) {
        const float dx = std::abs(x - shape.x), dy = std::abs(y - shape.y), s = shape.softness;
        const float cover = shape.round ? smoothstep(shape.half_width + 0.6f * s, shape.half_width - 0.4f * s,
                                                     std::sqrt(dx * dx + dy * dy))
                                        : smoothstep(shape.half_width + s, shape.half_width - s, dx) *
                                              smoothstep(shape.half_height + s, shape.half_height - s, dy);
        color = mix(color, shape.color, cover * shape.cover);
    }
    const float clouds = cloud_noise()(offset_ + 2 * x, offset_ + 2 * y);
    return color * (1 + clouds_ * clouds);
}

Clothes::Clothes(uint64_t seed) {
    PhiloxSequence random(seed, "synthetic_clothes");
    color_ = any_color(random, 0.04f, 0.7f);
    second_ = any_color(random, 0.04f, 0.7f);
    pointed_ = random.chance(0.4);
    depth_ = float(random.uniform(0.05, pointed_ ? 0.55 : 0.30));
    opening_ = float(random.uniform(0.38, 0.55));
    stripes_ = random.chance(0.25) ? float(random.uniform(6, 22)) : 0;
    offset_ = float(random.uniform(0, 16));
}

float Clothes::neckline(float x) const {
    const float t = std::min(std::abs(x) / opening_, 1.6f);
    const float lowest = -1.30f - depth_;
    return pointed_ ? mix(lowest, -1.18f, t) : mix(lowest, -1.18f, t * t);
}

bool Clothes::covers(const Vec3& local) const {
    return local.y < neckline(local.x);
}

Shading Clothes::material(const Vec3& local, Vec3 normal) const {
    Shading out;
    const float folds = cloud_noise()(offset_ + 2.2f * local.x, offset_ + 1.3f * local.y);
    const float weave = grain_noise()(offset_ + 30 * local.x, offset_ + 30 * local.y);
    const float hem = neckline(local.x) - local.y;
    Vec3 color = color_;
    if (stripes_ > 0) color = mix(color, second_, smoothstep(-0.2f, 0.2f, std::sin(stripes_ * local.y)));
    if (hem < 0.07f) color = mix(color, second_, 0.35f);
    out.albedo = color * ((1 + 0.12f * folds + 0.08f * weave) * (hem < 0.02f ? 0.7f : 1.0f));
    out.normal = normalized(normal + Vec3{0.35f * folds, 0.15f * folds, 0});
    out.wrap = {0.1f, 0.1f, 0.1f};
    out.occlusion = 0.8f;
    return out;
}

}  // namespace unmask
