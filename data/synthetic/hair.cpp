// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/hair.h"

#include "data/synthetic/noise.h"

namespace unmask {

Hair::Hair(const FaceIdentity& identity, const HeadShape& head)
    : identity_(identity), head_(head), waves_(0.3f), curls_(0) {
    const float volume = identity.hair_volume;
    offset_x_ = 16 * cell_random(1, 0, uint32_t(identity.seed));
    offset_y_ = 16 * cell_random(2, 0, uint32_t(identity.seed));
    long_ = false;
    bottom_ = -0.55f;
    curtain_azimuth_ = 1.15f;
    switch (identity.hair_style) {
        case HairStyle::bald:
        case HairStyle::cropped:
            thickness_ = 0.02f + 0.03f * volume;
            break;
        case HairStyle::parted:
            thickness_ = 0.06f + 0.06f * volume;
            break;
        case HairStyle::swept:
            thickness_ = 0.09f + 0.09f * volume;
            break;
        case HairStyle::curly:
            thickness_ = 0.10f + 0.12f * volume, curls_ = 1;
            break;
        case HairStyle::bob:
            thickness_ = 0.07f + 0.06f * volume, bottom_ = -0.75f - 0.25f * volume, long_ = true;
            break;
        case HairStyle::straight_long:
            thickness_ = 0.05f + 0.05f * volume, bottom_ = -1.75f, long_ = true;
            break;
        case HairStyle::wavy_long:
            thickness_ = 0.09f + 0.07f * volume, bottom_ = -1.65f, long_ = true, waves_ = 1.2f;
            break;
    }
}

float Hair::inside(float azimuth, float y) const {
    if (!exists()) return -1;
    const float a = std::abs(azimuth);
    // The hairline over the forehead, down the temple, the sideburn before the ear, and nothing to end it
    // behind.
    const float recede = identity_.receding * 0.16f * hill((a - 0.62f) * (a - 0.62f) / 0.16f);
    const float fringe = -0.22f * identity_.fringe * smoothstep(0.95f, 0.6f, a);
    float line = identity_.hairline + recede + fringe + 0.03f * identity_.receding;
    if (long_ && identity_.fringe == 0) {
        // Parted hair falls to both sides: an arch that is highest under the parting.
        const float from_parting =
            (azimuth - 0.45f * identity_.parting) / (1.05f + 0.45f * std::abs(identity_.parting));
        line += 0.07f - 0.36f * std::min(from_parting * from_parting, 1.0f);
    }
    line = mix(line, std::min(line, 0.22f), smoothstep(0.72f, 1.10f, a));
    line = mix(line, -0.12f, smoothstep(1.12f, 1.30f, a));
    line = mix(line, bottom_, smoothstep(1.38f, 1.50f, a));
    float depth = y - line;
    if (long_) {
        const float curtain = std::min(
            {0.7f * (a - curtain_azimuth_ + 0.25f * smoothstep(-0.2f, -0.8f, y)), y - bottom_, 0.60f - y});
        depth = std::max(depth, curtain);
    }
    return depth;
}

Surface Hair::surface() const {
    constexpr int rows = 84, columns = 100;
    constexpr float widest = 3.14f;
    Surface shell(rows, columns);
    const NoiseTile& noise = cloud_noise();
    const float bottom = std::min(bottom_, -0.3f);
    const float side_width = head_.width(-0.12f);
    for (int row = 0; row < rows; ++row) {
        const float q = float(row) / (rows - 1);
        const float y = 0.9995f * mix(bottom - 0.02f, 1.0f, std::sin(1.5708f * q));
        // Below the cheekbones hair hangs straight, or follows the neck when it is short.
        const bool hangs = y < -0.12f;
        const float hang = long_ ? mix(1.0f, 0.94f, smoothstep(-0.2f, -1.2f, y))
                                 : mix(1.0f, 0.8f, smoothstep(-0.1f, -0.5f, y));
        const float width = hangs ? side_width * hang : head_.width(y);
        const float depth = hangs ? head_.depth(-0.12f) * hang : head_.depth(y);
        for (int column = 0; column < columns; ++column) {
            const float azimuth = widest * (2 * float(column) / (columns - 1) - 1);
            const float s = std::sin(azimuth), c = std::cos(azimuth);
            const float in = inside(azimuth, y);
            const float flat = c > 0 ? std::pow(c, 0.85f) : c;
            const Vec3 base{width * s, y, depth * flat};
            const Vec3 outward = normalized({base.x / (width * width + 0.02f), std::max(y, 0.0f) * 1.1f,
                                             base.z / (depth * depth + 0.02f)});
            float thick = thickness_ * (0.25f + 0.75f * smoothstep(0.0f, 0.30f, in));
            if (identity_.hair_style == HairStyle::swept)
                thick *= 1 + 0.6f * smoothstep(0.5f, 1.0f, y) * std::max(c, 0.0f);
            const float side = (azimuth - 0.5f * identity_.parting) / 0.12f;
            if (identity_.hair_style != HairStyle::cropped && curls_ == 0)
                thick *= 1 - 0.35f * hill(side * side) * smoothstep(0.4f, 0.7f, y);
            const float lumps =
                noise(offset_x_ + azimuth * (3 + 3 * curls_), offset_y_ + y * (1.5f + 5 * curls_));
            const float wave =
                std::sin(9 * y + 3 * azimuth + 6 * offset_x_) * waves_ * smoothstep(0.2f, -0.6f, y);
            thick += thickness_ * (0.30f + 0.25f * curls_) * lumps + 0.022f * wave * (long_ ? 1.0f : 0.0f);
            const size_t i = shell.index(row, column);
            shell.position[i] = head_.rotation()(base + outward * std::max(thick, 0.008f));
            shell.local[i] = {azimuth, y, in};
            shell.absent[i] = in < -0.12f;
        }
    }
    shell.compute_normals();
    return shell;
}

float Hair::strands(float azimuth, float y) const {
    const NoiseTile& noise = cloud_noise();
    if (curls_ > 0) return 1.1f * noise(offset_x_ + azimuth * 9, offset_y_ + y * 9);
    // Strands run from the parting over the top and hang down the sides, bent by waves.
    const float from_parting = azimuth - 0.5f * identity_.parting * smoothstep(0.3f, 0.8f, y);
    const float lean = identity_.hair_style == HairStyle::swept ? 0.9f : 0.25f;
    const float bent = from_parting + lean * (y - 0.5f) * smoothstep(0.2f, 0.6f, y) +
                       0.06f * waves_ * std::sin(9 * y + 6 * offset_x_);
    return 0.8f * noise(offset_x_ + bent * 16, offset_y_ + y * 1.1f) +
           0.5f * noise(offset_y_ + bent * 45, offset_x_ + y * 2.5f);
}

bool Hair::covers(const Vec3& local) const {
    if (local.z > 0.10f) return true;
    if (local.z < -0.08f) return false;
    // Hair combed away from the face ends in fine down, a fringe in bundles.
    const float down = cloud_noise()(offset_y_ + local.x * 45, offset_x_ + local.y * 6);
    const float ragged = 0.022f + 0.05f * std::max(identity_.fringe, curls_);
    return local.z +
               ragged * mix(1.3f * down, strands(local.x, local.y), std::max(identity_.fringe, curls_)) >
           0;
}

Shading Hair::material(const Vec3& local, Vec3 normal, Vec3 key_direction) const {
    Shading out;
    const float strand = strands(local.x, local.y);
    const float root = 0.55f + 0.45f * smoothstep(-0.02f, 0.15f, local.z);
    out.albedo = identity_.hair * (std::max(1 + 0.75f * strand, 0.15f) * root);
    // Bent towards and away from the light across each strand.
    out.normal = normalized(normal + Vec3{0.35f * strand, 0.1f * strand, 0});
    out.wrap = {0.25f, 0.22f, 0.2f};
    out.occlusion = (0.6f + 0.4f * saturate(local.z * 4)) * saturate(1 + 0.35f * strand);
    // Highlight of a bundle of fibres (Kajiya and Kay 1989): strong where the strand is across the half
    // vector.
    const Vec3 along = normalized(Vec3{0.1f, 1, 0} - out.normal * (out.normal.y + 0.1f * out.normal.x));
    const Vec3 half = normalized(key_direction + Vec3{0, 0, 1});
    const float d = dot(along, half) + 0.10f * strand;
    const float sine2 = std::max(1 - d * d, 0.0f);
    const float s4 = sine2 * sine2, s16 = s4 * s4 * s4 * s4;
    const float shine = (curls_ > 0 ? 0.04f : 0.11f) * s16 * s16 * std::max(dot(normal, key_direction), 0.0f);
    out.albedo =
        out.albedo + (identity_.hair * 0.7f + Vec3{0.12f, 0.12f, 0.12f}) * (shine * (1 + 0.8f * strand));
    out.albedo = {std::max(out.albedo.x, 0.002f), std::max(out.albedo.y, 0.002f),
                  std::max(out.albedo.z, 0.002f)};
    return out;
}

}  // namespace unmask
