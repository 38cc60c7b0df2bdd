// SPDX-License-Identifier: Apache-2.0
// Hair of the drawn person: a shell over the head, cut out by the style's outline with a ragged edge, and
// painted with strands.
#pragma once

#include "data/synthetic/head.h"
#include "data/synthetic/light.h"

namespace unmask {

class Hair {
  public:
    Hair(const FaceIdentity& identity, const HeadShape& head);

    // How far (head units) the place on the head lies inside the hair's outline; negative outside.
    [[nodiscard]] float inside(float azimuth, float y) const;
    // The shell in the viewer's frame; local is (azimuth, y, inside).
    [[nodiscard]] Surface surface() const;
    // Whether a strand covers the shell there: `inside` with a ragged edge.
    [[nodiscard]] bool covers(const Vec3& local) const;
    [[nodiscard]] Shading material(const Vec3& local, Vec3 normal, Vec3 key_direction) const;

    [[nodiscard]] bool exists() const { return identity_.hair_style != HairStyle::bald; }
    [[nodiscard]] bool hangs() const { return long_; }

  private:
    // Value across the strands at a place, in about [-1, 1].
    [[nodiscard]] float strands(float azimuth, float y) const;

    FaceIdentity identity_;
    const HeadShape& head_;
    float thickness_, bottom_, curtain_azimuth_, waves_, curls_, offset_x_, offset_y_;
    bool long_;
};

}  // namespace unmask
