// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/noise.h"

#include "engine/philox.h"

namespace unmask {

NoiseTile::NoiseTile(int cells, int octaves, float gain)
    : texels_per_cell_(float(size) / float(cells)), texels_(size_t(size) * size) {
    float strength = 1;
    for (int octave = 0; octave < octaves; ++octave, strength *= gain) {
        const int lattice = cells << octave;
        const Philox random(uint64_t(cells), "synthetic_noise");
        const auto value = [&](int column, int row) {
            return 2 * random.uniform(uint64_t(octave),
                                      uint64_t(row % lattice) * lattice + column % lattice) -
                   1;
        };
        std::vector<float> values(size_t(lattice) * lattice);
        for (int row = 0; row < lattice; ++row)
            for (int column = 0; column < lattice; ++column)
                values[size_t(row) * lattice + column] = value(column, row);
        const float step = float(lattice) / size;
        const auto fade = [](float t) { return t * t * t * (t * (t * 6 - 15) + 10); };
        for (int y = 0; y < size; ++y) {
            const int row = int(float(y) * step), next_row = (row + 1) % lattice;
            const float fy = fade(float(y) * step - float(row));
            for (int x = 0; x < size; ++x) {
                const int column = int(float(x) * step), next_column = (column + 1) % lattice;
                const float fx = fade(float(x) * step - float(column));
                const float a = std::lerp(values[size_t(row) * lattice + column],
                                          values[size_t(row) * lattice + next_column], fx);
                const float b = std::lerp(values[size_t(next_row) * lattice + column],
                                          values[size_t(next_row) * lattice + next_column], fx);
                texels_[size_t(y) * size + x] += strength * std::lerp(a, b, fy);
            }
        }
    }
}

const NoiseTile& cloud_noise() {
    static const NoiseTile tile(16, 5, 0.55f);
    return tile;
}

const NoiseTile& grain_noise() {
    static const NoiseTile tile(128, 2, 0.7f);
    return tile;
}

}  // namespace unmask
