// SPDX-License-Identifier: Apache-2.0
// Eyes, brows, lips and nostrils, painted onto the drawn skin. All work on the frontal plane's (x, y) at
// rest.
#pragma once

#include "data/synthetic/hair.h"
#include "data/synthetic/layout.h"
#include "data/synthetic/light.h"

namespace unmask {

class FeaturePainter {
  public:
    FeaturePainter(const FaceIdentity& identity, const FaceView& view, const FaceLayout& layout);

    // Changes what the features cover at the place; `right` and `up` are the head's axes seen by the viewer.
    // Returns radiance to add after the shading (the light's reflection on the eye).
    float paint(float x, float y, Vec3 right, Vec3 up, Vec3 key_direction, Shading& skin) const;

  private:
    float eye(float x, float y, Vec3 right, Vec3 up, Vec3 key_direction, Shading& skin) const;
    void eyeball(float side, float t, float v, float upper, Vec3 right, Vec3 up, Shading& out) const;
    void brow(float x, float y, Shading& skin) const;
    void mouth(float x, float y, Shading& skin) const;
    void nose(float x, float y, Shading& skin) const;

    FaceIdentity identity_;
    FaceView view_;
    FaceLayout at_;
    float offset_;  // into the noise, per person
};

}  // namespace unmask
