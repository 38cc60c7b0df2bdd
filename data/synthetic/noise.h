// SPDX-License-Identifier: Apache-2.0
// Tileable noise for textures, precomputed once: a lookup costs one bilinear sample.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace unmask {

// A periodic plane of noise with mean 0 and deviation about 0.4, sampled bilinearly.
class NoiseTile {
  public:
    static constexpr int size = 512;  // texels on a side

    // Sum of value-noise octaves (smoothly interpolated lattices of random numbers), the first with this many
    // cells on a side, each further one twice as fine and gain times as strong.
    NoiseTile(int cells, int octaves, float gain);

    // x, y in cells of the first octave.
    [[nodiscard]] float operator()(float x, float y) const {
        const float u = x * texels_per_cell_, v = y * texels_per_cell_;
        const float floor_u = std::floor(u), floor_v = std::floor(v);
        const float fu = u - floor_u, fv = v - floor_v;
        const int column = int(floor_u) & (size - 1), row = int(floor_v) & (size - 1);
        const int next_column = (column + 1) & (size - 1), next_row = (row + 1) & (size - 1);
        const float* top = &texels_[size_t(row) * size];
        const float* bottom = &texels_[size_t(next_row) * size];
        const float a = top[column] + (top[next_column] - top[column]) * fu;
        const float b = bottom[column] + (bottom[next_column] - bottom[column]) * fu;
        return a + (b - a) * fv;
    }

  private:
    float texels_per_cell_;
    std::vector<float> texels_;
};

// The two tiles that all drawings share: soft clouds of five octaves over 16 cells, and grain of two octaves
// over 128.
[[nodiscard]] const NoiseTile& cloud_noise();
[[nodiscard]] const NoiseTile& grain_noise();

// A pseudo-random number in [0, 1) of a lattice cell, for scattered spots.
[[nodiscard]] inline float cell_random(int column, int row, uint32_t salt) {
    uint32_t hash = uint32_t(column) * 0x9E3779B1u ^ uint32_t(row) * 0x85EBCA77u ^ salt * 0xC2B2AE3Du;
    hash = (hash ^ (hash >> 15)) * 0x2C1B3C6Du;
    hash = (hash ^ (hash >> 12)) * 0x297A2D39u;
    return float((hash ^ (hash >> 15)) >> 8) * 0x1p-24f;
}

}  // namespace unmask
