// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/self_blend.h"

#include <array>

#include "engine/error.h"

namespace unmask {
namespace {

void change(Image& image, const SelfBlendDraw& draw) {
    apply(image, draw.colour);
    apply(image, draw.resolution);
    apply(image, draw.sharpen);
}

}  // namespace

SelfBlendDraw draw_self_blend(const SelfBlendOptions& options, uint64_t seed, int64_t epoch, uint64_t face) {
    if (!(options.strength >= 0 && options.strength <= 1))
        fail("self-blend: expected a strength from 0 to 1, found {}", options.strength);
    // Each piece has its own stream, so that one more changes none of the others.
    const uint64_t step = face + uint64_t(epoch) * 0x9E3779B97F4A7C15u;
    const auto stream = [&](const char* name) { return PhiloxSequence(seed, name, step); };
    SelfBlendDraw draw;
    auto part = stream("self_blend.part"), shift = stream("self_blend.shift");
    auto elastic = stream("self_blend.elastic"), soften = stream("self_blend.soften");
    auto colour = stream("self_blend.colour"), detail = stream("self_blend.detail");
    auto roles = stream("self_blend.roles");
    draw.part = draw_face_part(part);
    draw.shift = draw_source_shift(options.shift, options.strength, shift);
    draw.elastic = draw_elastic(options.elastic, options.strength, elastic);
    draw.soften = draw_soften(options.soften, options.strength, soften);
    draw.changes_target = roles.chance(0.5);
    draw.colour = draw_colour_jitter(options.colour, options.strength, colour);
    if (detail.chance(0.5))
        draw.resolution = draw_resolution(options.resolution, options.strength, detail);
    else
        draw.sharpen = draw_sharpen(options.sharpen, options.strength, detail);
    constexpr std::array<double, 6> ratios{0.25, 0.5, 0.75, 1, 1, 1};
    draw.ratio = ratios[roles.below(ratios.size())];
    return draw;
}

Image self_blend_target(const Image& image, const SelfBlendDraw& draw) {
    Image target = image;
    if (draw.changes_target) change(target, draw);
    return target;
}

Mask self_blend_mask(const Image& image, const Landmarks& landmarks, const SelfBlendOptions& options,
                     const SelfBlendDraw& draw) {
    std::vector<Point> hull = landmarks.empty()
                                  ? box_hull(image.width, image.height, options.box_share, draw.part)
                                  : landmark_hull(landmarks, draw.part);
    // The mask goes with the face that it cuts out.
    const Similarity moved = similarity_of(draw.shift, image.width, image.height);
    for (Point& point : hull) point = moved(point);
    Mask mask = deform(polygon_mask(hull, image.width, image.height), draw.elastic);
    soften(mask, draw.soften);
    return mask;
}

Image self_blend(const Image& image, const Landmarks& landmarks, const SelfBlendOptions& options,
                 const SelfBlendDraw& draw) {
    if (image.empty()) fail("self-blend: expected a picture, found an empty one");
    Image source = image;
    if (!draw.changes_target) change(source, draw);
    source = warp(source, similarity_of(draw.shift, image.width, image.height), image.width, image.height);
    return blend(source, self_blend_target(image, draw), self_blend_mask(image, landmarks, options, draw),
                 draw.ratio);
}

Image blend(const Image& source, const Image& target, const Mask& mask, double ratio) {
    UNMASK_ASSERT(source.width == target.width && source.height == target.height);
    UNMASK_ASSERT(mask.width == target.width && mask.height == target.height);
    Image result = target;
    for (size_t p = 0; p < mask.values.size(); ++p) {
        const float share = float(ratio) * mask.values[p];
        if (share <= 0) continue;
        for (size_t i = 3 * p; i < 3 * p + 3; ++i)
            result.pixels[i] = uint8_t(float(target.pixels[i]) +
                                       share * (float(source.pixels[i]) - float(target.pixels[i])) + 0.5f);
    }
    return result;
}

}  // namespace unmask
