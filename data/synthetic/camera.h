// SPDX-License-Identifier: Apache-2.0
// From linear light to a photograph: lens blur, vignette, tone curve and sensor noise; and the float planes
// that carry the light.
#pragma once

#include <vector>

#include "data/synthetic/face.h"

namespace unmask {

// Linear RGB values of a picture.
struct LightPlane {
    int width = 0, height = 0;
    std::vector<Vec3> values;

    LightPlane(int width, int height) : width(width), height(height), values(size_t(width) * height) {}
    [[nodiscard]] Vec3& at(int x, int y) { return values[size_t(y) * width + x]; }
    [[nodiscard]] const Vec3& at(int x, int y) const { return values[size_t(y) * width + x]; }
};

// Gaussian blur in place, edges repeated, of interleaved rows × columns × channels values; sigma in pixels,
// the kernel ends at three sigmas. A sigma below 0.05 changes nothing.
void gaussian_blur(float* values, int rows, int columns, int channels, float sigma);

// The photograph of the light. Blur and grain scale with the picture (see FaceView).
[[nodiscard]] Image photograph(LightPlane light, const FaceView& view);

}  // namespace unmask
