// SPDX-License-Identifier: Apache-2.0
// Landmarks of a schematic face in the middle of a crop.
#pragma once

#include <cmath>
#include <numbers>

#include "data/landmarks/point.h"

namespace unmask {

inline Landmarks drawn_landmarks(int size) {
    Landmarks landmarks;
    const auto add = [&](double x, double y) { landmarks.push_back({x * size, y * size}); };
    const auto arc = [&](int count, double x, double y, double rx, double ry, double from, double to) {
        for (int i = 0; i < count; ++i) {
            const double angle = (from + (to - from) * i / (count - 1)) * std::numbers::pi;
            add(x + rx * std::cos(angle), y + ry * std::sin(angle));
        }
    };
    arc(17, 0.5, 0.45, 0.3, 0.4, 1, 0);    // jaw, by way of the chin
    arc(5, 0.37, 0.38, 0.09, 0.04, 1, 2);  // brows
    arc(5, 0.63, 0.38, 0.09, 0.04, 1, 2);
    for (int i = 0; i < 4; ++i) add(0.5, 0.42 + 0.05 * i);
    for (int i = 0; i < 5; ++i) add(0.45 + 0.025 * i, 0.6);
    arc(6, 0.38, 0.45, 0.05, 0.02, 1, 2.67);  // eyes
    arc(6, 0.62, 0.45, 0.05, 0.02, 1, 2.67);
    arc(12, 0.5, 0.7, 0.1, 0.04, 1, 2.83);  // mouth
    arc(8, 0.5, 0.7, 0.06, 0.02, 1, 2.75);
    return landmarks;
}

}  // namespace unmask
