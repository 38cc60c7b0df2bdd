// SPDX-License-Identifier: Apache-2.0
// Light on the drawn head: a key light, a fill from the other side and an ambient hemisphere; wrapped diffuse
// reflection that is redder at the shadow's edge (light that has travelled under the skin) and two gloss
// lobes.
#pragma once

#include "data/synthetic/face.h"

namespace unmask {

// A surface point's properties as the materials give them; the normal in the viewer's frame.
struct Shading {
    Vec3 albedo{0.5f, 0.5f, 0.5f};
    Vec3 normal{0, 0, 1};
    Vec3 wrap{0, 0, 0};   // how far diffuse light reaches past the shadow's edge, per channel
    float gloss = 0;      // strength of the highlights
    float occlusion = 1;  // share of the ambient light that arrives
    float shadow = 1;     // share of the key light that arrives
};

class Lighting {
  public:
    explicit Lighting(const FaceView& view);

    // Radiance towards the viewer, linear RGB.
    [[nodiscard]] Vec3 shade(const Shading& surface) const;

    [[nodiscard]] Vec3 key_direction() const { return key_direction_; }
    [[nodiscard]] Vec3 key() const { return key_; }

  private:
    Vec3 key_direction_, fill_direction_, half_;
    Vec3 key_, fill_, sky_, ground_;
};

}  // namespace unmask
