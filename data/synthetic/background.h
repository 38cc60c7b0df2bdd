// SPDX-License-Identifier: Apache-2.0
// What surrounds the drawn head: a room or street out of focus, and clothes.
#pragma once

#include <vector>

#include "data/synthetic/light.h"

namespace unmask {

// Out-of-focus surroundings: a gradient with soft-edged panels (walls, windows, shelves) and discs (lamps,
// leaves).
class Background {
  public:
    explicit Background(uint64_t seed);

    // Radiance at a place of the picture in [0, 1]², y downwards.
    [[nodiscard]] Vec3 operator()(float x, float y) const;

  private:
    struct Shape {
        float x, y, half_width, half_height, softness;
        bool round;
        Vec3 color;
        float cover;
    };
    Vec3 top_, bottom_;
    std::vector<Shape> shapes_;
    float offset_, clouds_;
};

// A garment with a neckline, a colour and sometimes stripes.
class Clothes {
  public:
    explicit Clothes(uint64_t seed);

    // Whether the garment covers the body's place (head units).
    [[nodiscard]] bool covers(const Vec3& local) const;
    [[nodiscard]] Shading material(const Vec3& local, Vec3 normal) const;

  private:
    [[nodiscard]] float neckline(float x) const;

    Vec3 color_, second_;
    float depth_, opening_, stripes_, offset_;
    bool pointed_;
};

}  // namespace unmask
