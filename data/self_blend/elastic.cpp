// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/elastic.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace unmask {
namespace {

// The cubic B-spline's weights of four knots, from `first` on.
struct Weights {
    int first = 0;
    std::array<double, 4> values{};
};

std::vector<Weights> spline_weights(int count) {
    std::vector<Weights> weights(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
        const double place = (i + 0.5) / count * Elastic::cells;
        const int first = std::min(int(place), Elastic::cells - 1);
        const double t = place - first, u = 1 - t;
        weights[size_t(i)] = {first,
                              {u * u * u / 6, (3 * t * t * t - 6 * t * t + 4) / 6,
                               (3 * u * u * u - 6 * u * u + 4) / 6, t * t * t / 6}};
    }
    return weights;
}

float sample(const Mask& mask, double x, double y) {
    x = std::clamp(x, 0.0, mask.width - 1.0);
    y = std::clamp(y, 0.0, mask.height - 1.0);
    const int x0 = int(x), y0 = int(y);
    const int x1 = std::min(x0 + 1, mask.width - 1), y1 = std::min(y0 + 1, mask.height - 1);
    const auto u = float(x - x0), v = float(y - y0);
    return (1 - v) * ((1 - u) * mask.at(x0, y0) + u * mask.at(x1, y0)) +
           v * ((1 - u) * mask.at(x0, y1) + u * mask.at(x1, y1));
}

}  // namespace

Elastic draw_elastic(const ElasticOptions& options, double strength, PhiloxSequence& random) {
    Elastic elastic;
    const double deviation = strength * options.shift;
    for (double& knot : elastic.x) knot = deviation * random.normal();
    for (double& knot : elastic.y) knot = deviation * random.normal();
    elastic.moves = deviation > 0;
    return elastic;
}

Mask deform(const Mask& mask, const Elastic& elastic) {
    if (!elastic.moves) return mask;
    const std::vector<Weights> columns = spline_weights(mask.width), rows = spline_weights(mask.height);
    Mask result(mask.width, mask.height);
    for (int y = 0; y < mask.height; ++y) {
        // The knots of this row, then of every pixel in it.
        std::array<double, Elastic::knots> x_knots{}, y_knots{};
        const Weights& row = rows[size_t(y)];
        for (size_t k = 0; k < 4; ++k)
            for (size_t i = 0; i < size_t(Elastic::knots); ++i) {
                const size_t knot = (size_t(row.first) + k) * Elastic::knots + i;
                x_knots[i] += row.values[k] * elastic.x[knot];
                y_knots[i] += row.values[k] * elastic.y[knot];
            }
        for (int x = 0; x < mask.width; ++x) {
            const Weights& column = columns[size_t(x)];
            double dx = 0, dy = 0;
            for (size_t k = 0; k < 4; ++k) {
                dx += column.values[k] * x_knots[size_t(column.first) + k];
                dy += column.values[k] * y_knots[size_t(column.first) + k];
            }
            result.at(x, y) = sample(mask, x + dx * mask.width, y + dy * mask.height);
        }
    }
    return result;
}

}  // namespace unmask
