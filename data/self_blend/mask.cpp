// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/mask.h"

#include <algorithm>
#include <cmath>

namespace unmask {
namespace {

constexpr int lines_a_row = 4;  // at which the polygon's extent is taken

// One running mean of 2·radius + 1 values over a line, its values `stride` apart.
void mean_line(float* line, int count, size_t stride, int radius, std::vector<float>& copy) {
    for (int i = 0; i < count; ++i) copy[size_t(i)] = line[size_t(i) * stride];
    const auto value = [&](int i) { return double(copy[size_t(std::clamp(i, 0, count - 1))]); };
    double sum = 0;
    for (int i = -radius; i <= radius; ++i) sum += value(i);
    const double share = 1.0 / (2 * radius + 1);
    for (int i = 0; i < count; ++i) {
        line[size_t(i) * stride] = float(std::clamp(sum * share, 0.0, 1.0));
        sum += value(i + radius + 1) - value(i - radius);
    }
}

}  // namespace

Mask polygon_mask(std::span<const Point> polygon, int width, int height) {
    Mask mask(width, height);
    for (int line = 0; line < height * lines_a_row; ++line) {
        const double y = (line + 0.5) / lines_a_row - 0.5;  // a pixel reaches half a pixel around its centre
        double left = width, right = -1;
        for (size_t i = 0; i < polygon.size(); ++i) {
            const Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
            if ((a.y <= y) == (b.y <= y)) continue;
            const double x = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
            left = std::min(left, x);
            right = std::max(right, x);
        }
        const int first = std::max(0, int(std::floor(left + 0.5)));
        const int last = std::min(width - 1, int(std::floor(right + 0.5)));
        for (int x = first; x <= last; ++x) {
            const double covered = std::min(right, x + 0.5) - std::max(left, x - 0.5);
            mask.at(x, line / lines_a_row) += float(std::clamp(covered, 0.0, 1.0) / lines_a_row);
        }
    }
    return mask;
}

void blur(Mask& mask, double deviation) {
    if (deviation < 0.5) return;
    // Three means of 2r + 1 values have the variance r·(r + 1).
    const int radius = std::max(1, int(std::lround((std::sqrt(1 + 4 * deviation * deviation) - 1) / 2)));
    std::vector<float> copy(size_t(std::max(mask.width, mask.height)));
    for (int pass = 0; pass < 3; ++pass) {
        for (int y = 0; y < mask.height; ++y) mean_line(&mask.at(0, y), mask.width, 1, radius, copy);
        for (int x = 0; x < mask.width; ++x)
            mean_line(&mask.at(x, 0), mask.height, size_t(mask.width), radius, copy);
    }
}

}  // namespace unmask
