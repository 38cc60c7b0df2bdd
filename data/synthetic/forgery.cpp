// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/forgery.h"

#include <array>
#include <cmath>

#include "data/synthetic/camera.h"
#include "data/synthetic/noise.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// The flaws of one forgery, drawn from its seed.
struct Flaws {
    float alpha;               // share of the source's face in the middle of the mask
    float reduction;           // how much coarser the source is
    float gain[3], offset[3];  // colour error after the transfer
    float light_azimuth, light_elevation, smile;
    float feather;             // of the mask's edge, in picture sizes
    float grow;                // of the mask
    float offset_x, offset_y;  // into the noise that warps its edge

    explicit Flaws(const ForgeryOptions& options) {
        PhiloxSequence random(options.seed, "synthetic_forgery");
        const auto between = [&](double low, double high) { return float(random.uniform(low, high)); };
        const float strength = options.strength;
        alpha = smoothstep(0.0f, 0.25f, strength);
        reduction = 1 + strength * between(0.5, 2.2);
        const float brightness = random.chance(0.5) ? between(0.04, 0.13) : -between(0.04, 0.13);
        for (int channel = 0; channel < 3; ++channel) {
            gain[channel] = 1 + strength * between(-0.10, 0.10);
            offset[channel] = strength * (0.7f * brightness + between(-0.045, 0.045));
        }
        light_azimuth = strength * between(-0.7, 0.7);
        light_elevation = strength * between(-0.25, 0.25);
        smile = strength * between(-0.2, 0.2);
        feather = between(0.012, 0.03);
        grow = between(0.96, 1.08);
        offset_x = between(0, 16);
        offset_y = between(0, 16);
    }
};

// x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5.
using Affine = std::array<float, 6>;

// The affine map that takes the points `from` to `to` with the least squared error, by its normal equations.
Affine fit_affine(const std::array<FacePoint, 5>& from, const std::array<FacePoint, 5>& to) {
    double mean_x = 0, mean_y = 0, mean_u = 0, mean_v = 0;
    for (size_t i = 0; i < 5; ++i) {
        mean_x += from[i].x / 5.0, mean_y += from[i].y / 5.0;
        mean_u += to[i].x / 5.0, mean_v += to[i].y / 5.0;
    }
    double xx = 0, xy = 0, yy = 0, xu = 0, yu = 0, xv = 0, yv = 0;
    for (size_t i = 0; i < 5; ++i) {
        const double x = from[i].x - mean_x, y = from[i].y - mean_y, u = to[i].x - mean_u,
                     v = to[i].y - mean_v;
        xx += x * x, xy += x * y, yy += y * y;
        xu += x * u, yu += y * u, xv += x * v, yv += y * v;
    }
    const double determinant = xx * yy - xy * xy;
    UNMASK_ASSERT(determinant > 0);
    const double a = (xu * yy - yu * xy) / determinant, b = (yu * xx - xu * xy) / determinant;
    const double c = (xv * yy - yv * xy) / determinant, d = (yv * xx - xv * xy) / determinant;
    return {float(a), float(b), float(mean_u - a * mean_x - b * mean_y),
            float(c), float(d), float(mean_v - c * mean_x - d * mean_y)};
}

// The image's colour at a place in pixels (centres at half-integers), bilinear, edges repeated; in [0, 1].
Vec3 sample(const Image& image, float x, float y) {
    const float u = std::clamp(x - 0.5f, 0.0f, float(image.width - 1)),
                v = std::clamp(y - 0.5f, 0.0f, float(image.height - 1));
    const int x0 = int(u), y0 = int(v), x1 = std::min(x0 + 1, image.width - 1),
              y1 = std::min(y0 + 1, image.height - 1);
    const auto color = [&](int column, int row) {
        const uint8_t* pixel = image.at(column, row);
        return Vec3{float(pixel[0]), float(pixel[1]), float(pixel[2])} * (1 / 255.0f);
    };
    const float fu = u - float(x0), fv = v - float(y0);
    return mix(mix(color(x0, y0), color(x1, y0), fu), mix(color(x0, y1), color(x1, y1), fu), fv);
}

// The outline, grown and warped, filled and blurred.
std::vector<float> soft_mask(const std::vector<FacePoint>& outline, const Flaws& flaws, int size) {
    FacePoint center;
    for (const FacePoint& point : outline)
        center = {center.x + point.x / float(outline.size()), center.y + point.y / float(outline.size())};
    std::vector<float> mask(size_t(size) * size);
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const float u = float(x) / float(size), v = float(y) / float(size);
            const float warp = 0.014f * float(size);
            const float px =
                float(x) + 0.5f + warp * cloud_noise()(flaws.offset_x + 5 * u, flaws.offset_y + 5 * v);
            const float py =
                float(y) + 0.5f + warp * cloud_noise()(flaws.offset_y + 5 * v, flaws.offset_x + 5 * u);
            const float qx = center.x + (px - center.x) / flaws.grow,
                        qy = center.y + (py - center.y) / flaws.grow;
            bool inside = true;
            for (size_t i = 0; i < outline.size() && inside; ++i) {
                const FacePoint a = outline[i], b = outline[(i + 1) % outline.size()];
                inside = (b.x - a.x) * (qy - a.y) - (b.y - a.y) * (qx - a.x) > 0;
            }
            mask[size_t(y) * size + x] = inside ? 1.0f : 0.0f;
        }
    }
    gaussian_blur(mask.data(), size, size, 1, flaws.feather * float(size));
    return mask;
}

// Mean and deviation per channel, weighted by the mask.
struct ColorStatistics {
    Vec3 mean, deviation;
    ColorStatistics(const std::vector<Vec3>& colors, const std::vector<float>& mask) {
        double weight = 1e-6, sum[3] = {}, squares[3] = {};
        for (size_t i = 0; i < colors.size(); ++i) {
            if (mask[i] == 0) continue;
            const float values[3] = {colors[i].x, colors[i].y, colors[i].z};
            weight += mask[i];
            for (int c = 0; c < 3; ++c)
                sum[c] += mask[i] * values[c], squares[c] += mask[i] * values[c] * values[c];
        }
        const auto spread = [&](int c) {
            const double average = sum[c] / weight;
            return float(std::sqrt(std::max(squares[c] / weight - average * average, 1e-6)));
        };
        mean = {float(sum[0] / weight), float(sum[1] / weight), float(sum[2] / weight)};
        deviation = {spread(0), spread(1), spread(2)};
    }
};

}  // namespace

ForgedFace forge_face(const FaceIdentity& target, const FaceView& view, const FaceIdentity& source, int size,
                      const ForgeryOptions& options) {
    if (!(options.strength >= 0 && options.strength <= 1))
        fail("a forgery's strength: expected 0 to 1, found {}", options.strength);
    DrawnFace drawn = draw_face(target, view, size);
    ForgedFace forged{std::move(drawn.image), {}, std::move(drawn.landmarks), drawn.face};
    if (options.strength == 0) {
        forged.mask.assign(size_t(size) * size, 0.0f);
        return forged;
    }
    const Flaws flaws(options);
    FaceView source_view = view;
    source_view.noise = 0;
    source_view.vignette = 0;
    source_view.light_azimuth += flaws.light_azimuth;
    source_view.light_elevation = std::max(view.light_elevation + flaws.light_elevation, 0.1f);
    source_view.smile = std::clamp(view.smile + flaws.smile, -0.15f, 1.0f);
    // Drawn small, so that the warp onto the target's landmarks enlarges it: the forger's network works at a
    // lower resolution.
    const int source_size = std::max(32, int(std::lround(float(size) / flaws.reduction)));
    const DrawnFace face = draw_face(source, source_view, source_size);
    const Affine warp = fit_affine(forged.landmarks.alignment(), face.landmarks.alignment());

    forged.mask = soft_mask(forged.landmarks.inner_face, flaws, size);
    const size_t count = forged.mask.size();
    std::vector<Vec3> theirs(count), ours(count);
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const size_t i = size_t(y) * size + x;
            if (forged.mask[i] == 0) continue;
            const float px = float(x) + 0.5f, py = float(y) + 0.5f;
            theirs[i] = sample(face.image, warp[0] * px + warp[1] * py + warp[2],
                               warp[3] * px + warp[4] * py + warp[5]);
            ours[i] = sample(forged.image, px, py);
        }
    }
    // Reinhard's colour transfer (2001) per channel, then the error that real ones leave.
    const ColorStatistics source_colors(theirs, forged.mask), target_colors(ours, forged.mask);
    const auto corrected = [&](float value, float mean, float deviation, float to_mean, float to_deviation,
                               int channel) {
        const float scale = std::clamp(to_deviation / deviation, 0.75f, 1.3f) * flaws.gain[channel];
        return (value - mean) * scale + to_mean * (1 + flaws.offset[channel]);
    };
    for (size_t i = 0; i < count; ++i) {
        forged.mask[i] *= flaws.alpha;
        if (forged.mask[i] == 0) continue;
        const Vec3 value = theirs[i], m = source_colors.mean, d = source_colors.deviation;
        const Vec3 n = target_colors.mean, e = target_colors.deviation;
        const Vec3 color{corrected(value.x, m.x, d.x, n.x, e.x, 0), corrected(value.y, m.y, d.y, n.y, e.y, 1),
                         corrected(value.z, m.z, d.z, n.z, e.z, 2)};
        const Vec3 blended = mix(ours[i], color, forged.mask[i]);
        uint8_t* pixel = &forged.image.pixels[i * 3];
        const float channels[3] = {blended.x, blended.y, blended.z};
        for (int c = 0; c < 3; ++c) pixel[c] = uint8_t(std::clamp(channels[c], 0.0f, 1.0f) * 255 + 0.5f);
    }
    return forged;
}

}  // namespace unmask
