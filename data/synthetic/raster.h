// SPDX-License-Identifier: Apache-2.0
// A small software rasterizer: curved surfaces, given as grids of points, fill a buffer of visible fragments
// that the materials shade afterwards.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "data/synthetic/math.h"

namespace unmask {

// Weak perspective from head units (viewer's frame) to pixels.
struct Projection {
    float center_x = 0, center_y = 0;  // pixels of the origin
    float scale = 1;                   // pixels per head unit at z = 0
    static constexpr float distance = 8;

    [[nodiscard]] Vec3 operator()(Vec3 p) const {
        const float s = scale * distance / (distance - p.z);
        return {center_x + s * p.x, center_y - s * p.y, p.z};
    }
};

// A grid of rows × columns points, wound so that cross(∂/∂column, ∂/∂row) points outwards. `local` is what
// the material reads: a point's place on its part, whatever the pose.
struct Surface {
    int rows = 0, columns = 0;
    std::vector<Vec3> position, normal, local;
    std::vector<uint8_t> absent;  // nothing is drawn between four absent points

    Surface(int rows, int columns)
        : rows(rows),
          columns(columns),
          position(size_t(rows) * columns),
          normal(size_t(rows) * columns),
          local(size_t(rows) * columns),
          absent(size_t(rows) * columns) {}

    [[nodiscard]] size_t index(int row, int column) const { return size_t(row) * columns + column; }

    // The other side of the same surface: columns and normals turned round.
    [[nodiscard]] Surface reversed() const;

    // Normals from the neighbours' positions.
    void compute_normals();
};

enum class Part : uint8_t { none, head, ear, neck, torso, hair, hair_inside };

struct Fragment {
    float depth = -std::numeric_limits<float>::infinity();  // z towards the viewer
    Part part = Part::none;
    Vec3 normal, local;
};

class FragmentBuffer {
  public:
    FragmentBuffer(int width, int height) : width(width), height(height), fragments(size_t(width) * height) {}

    // Draws the surface over what lies behind it; keep(local) decides whether the part exists at that place.
    template <class Keep>
    void draw(const Surface& surface, Part part, const Projection& projection, Keep keep) {
        std::vector<Vec3> projected(surface.position.size());
        for (size_t i = 0; i < projected.size(); ++i) projected[i] = projection(surface.position[i]);
        for (int row = 0; row + 1 < surface.rows; ++row) {
            for (int column = 0; column + 1 < surface.columns; ++column) {
                const size_t a = surface.index(row, column), b = a + 1, c = a + surface.columns, d = c + 1;
                if (surface.absent[a] & surface.absent[b] & surface.absent[c] & surface.absent[d]) continue;
                triangle(surface, projected, part, a, b, d, keep);
                triangle(surface, projected, part, a, d, c, keep);
            }
        }
    }
    void draw(const Surface& surface, Part part, const Projection& projection) {
        draw(surface, part, projection, [](const Vec3&) { return true; });
    }

    int width, height;
    std::vector<Fragment> fragments;

  private:
    template <class Keep>
    void triangle(const Surface& surface, const std::vector<Vec3>& projected, Part part, size_t i, size_t j,
                  size_t k, Keep& keep) {
        const Vec3 p = projected[i], q = projected[j], r = projected[k];
        // Twice the signed area; rows run upwards, so that a front face is negative in pixels (y downwards).
        const float area = (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
        if (!(area < 0)) return;
        const float inverse = 1 / area;
        const int left = std::max(0, int(std::ceil(std::min({p.x, q.x, r.x}) - 0.5f)));
        const int right = std::min(width - 1, int(std::floor(std::max({p.x, q.x, r.x}) - 0.5f)));
        const int top = std::max(0, int(std::ceil(std::min({p.y, q.y, r.y}) - 0.5f)));
        const int bottom = std::min(height - 1, int(std::floor(std::max({p.y, q.y, r.y}) - 0.5f)));
        for (int y = top; y <= bottom; ++y) {
            for (int x = left; x <= right; ++x) {
                const float px = float(x) + 0.5f, py = float(y) + 0.5f;
                const float wq = ((px - p.x) * (r.y - p.y) - (py - p.y) * (r.x - p.x)) * inverse;
                const float wr = ((q.x - p.x) * (py - p.y) - (q.y - p.y) * (px - p.x)) * inverse;
                const float wp = 1 - wq - wr;
                if (wp < 0 || wq < 0 || wr < 0) continue;
                Fragment& fragment = fragments[size_t(y) * width + x];
                const float depth = wp * p.z + wq * q.z + wr * r.z;
                if (depth <= fragment.depth) continue;
                const Vec3 local = surface.local[i] * wp + surface.local[j] * wq + surface.local[k] * wr;
                if (!keep(local)) continue;
                fragment.depth = depth;
                fragment.part = part;
                fragment.normal = surface.normal[i] * wp + surface.normal[j] * wq + surface.normal[k] * wr;
                fragment.local = local;
            }
        }
    }
};

}  // namespace unmask
