// SPDX-License-Identifier: Apache-2.0
// Skin of the drawn person: blotches, pores, freckles, moles, wrinkles, stubble and beard, and the shade that
// the face throws onto itself.
#pragma once

#include "data/synthetic/layout.h"
#include "data/synthetic/light.h"

namespace unmask {

class Skin {
  public:
    Skin(const FaceIdentity& identity, const FaceView& view, const FaceLayout& layout);

    // Head; local is (x, y, azimuth) at rest, the normal in the viewer's frame, key_direction in the head's.
    [[nodiscard]] Shading face(const Vec3& local, Vec3 normal, Vec3 key_direction) const;
    // Neck, ears and whatever else is bare.
    [[nodiscard]] Shading plain(float u, float v, Vec3 normal) const;

  private:
    // Colour and fine relief of bare skin at surface coordinates (head units).
    [[nodiscard]] Shading bare(float u, float v, Vec3 normal) const;
    [[nodiscard]] float wrinkles(float x, float y) const;
    [[nodiscard]] float spots(float x, float y) const;
    void facial_hair(float x, float y, float azimuth, Shading& skin) const;
    [[nodiscard]] float occlusion(float x, float y, float azimuth) const;
    [[nodiscard]] float self_shadow(float x, float y, Vec3 key_direction) const;

    FaceIdentity identity_;
    FaceView view_;
    FaceLayout at_;
    float offset_x_, offset_y_;
};

}  // namespace unmask
