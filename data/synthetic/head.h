// SPDX-License-Identifier: Apache-2.0
// The drawn person's surfaces: head, ears, neck and shoulders. A superellipsoid with a person's outline
// carries the features as smooth hills and hollows.
#pragma once

#include "data/synthetic/layout.h"
#include "data/synthetic/raster.h"

namespace unmask {

class HeadShape {
  public:
    HeadShape(const FaceIdentity& identity, const FaceView& view);

    // Half the head's width and its depth to the front at a height y in (-1, 1).
    [[nodiscard]] float width(float y) const;
    [[nodiscard]] float depth(float y) const;
    // The face's surface at an azimuth (0 in front, positive to the right) and a height at rest; in the
    // head's frame, expression included.
    [[nodiscard]] Vec3 point(float azimuth, float y) const;
    // The surface's point in front of (x, y) on the frontal plane.
    [[nodiscard]] Vec3 front(float x, float y) const;

    // In the viewer's frame. local: head (x, y, azimuth) at rest; ears (vertical and sideways place in [-1,
    // 1], side); neck and torso (x, y, z) of the body.
    [[nodiscard]] Surface head() const;
    [[nodiscard]] Surface ear(float side) const;
    [[nodiscard]] Surface neck() const;
    [[nodiscard]] Surface torso() const;

    [[nodiscard]] const FaceLayout& layout() const { return layout_; }
    [[nodiscard]] const Rotation& rotation() const { return rotation_; }

  private:
    // What a column of the head's grid needs of its azimuth.
    struct Meridian {
        float azimuth, sine, cosine, flat;
        explicit Meridian(float azimuth);
    };
    [[nodiscard]] Vec3 point(const Meridian& meridian, float y, float width, float depth) const;
    // Displacement of the features along z.
    [[nodiscard]] float relief(float x, float y) const;

    FaceIdentity identity_;
    FaceView view_;
    FaceLayout layout_;
    Rotation rotation_, body_rotation_;
};

}  // namespace unmask
