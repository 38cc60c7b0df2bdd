// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of x [R, C] for each channel, cut into parts by the shape alone: rows into parts of
// whole blocks, channels into strips. A block's sums stay in float on the stack; a part adds its blocks up in
// float64; the parts are merged in order. So the result is precise and does not depend on the number of
// threads.
#pragma once

#include <algorithm>
#include <array>

#include "cpu/parallel.h"
#include "engine/tensor.h"

namespace unmask {

class ChannelParts {
  public:
    static constexpr int64_t strip = 256;      // most channels at a time
    static constexpr int64_t block_rows = 64;  // most rows of a block
    static constexpr int64_t most_parts = 32;

    ChannelParts(int64_t rows, int64_t channels) : rows_(rows), channels_(channels) {
        strips_ = (channels + strip - 1) / strip;
        const int64_t blocks = (rows + block_rows - 1) / block_rows;
        parts_ = std::clamp<int64_t>(rows * std::min(channels, strip) / elementwise_grain, 1, most_parts);
        part_rows_ = (blocks + parts_ - 1) / parts_ * block_rows;
        parts_ = std::max<int64_t>((rows + part_rows_ - 1) / std::max<int64_t>(part_rows_, 1), 1);
    }

    [[nodiscard]] int64_t parts() const { return parts_; }
    [[nodiscard]] int64_t part_rows(int64_t part) const {
        return std::min(rows_, (part + 1) * part_rows_) - part * part_rows_;
    }

    // fill(first row, rows, first channel, channels, part) for every part and strip.
    template <class Fill>
    void run(Fill&& fill) const {
        parallel_for(parts_ * strips_, 1, [&](int64_t task, int64_t) {
            const int64_t part = task / strips_, channel = task % strips_ * strip;
            fill(part * part_rows_, part_rows(part), channel, std::min(strip, channels_ - channel), part);
        });
    }

  private:
    int64_t rows_, channels_, strips_ = 1, parts_ = 1, part_rows_ = 0;
};

// Mean and sum of squared deviations of `rows` values a channel, of which x holds the strip's first, `pitch`
// apart. Each block is centred on its own mean before squaring, and the blocks are merged by Chan, Golub &
// LeVeque's update
// ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), so that large means
// don't cancel.
template <class T>
void channel_moments(const T* x, int64_t pitch, int64_t rows, int64_t channels, double* mean,
                     double* squares) {
    std::array<T, ChannelParts::strip> centre, deviations, squared;
    std::fill_n(mean, channels, 0.0);
    std::fill_n(squares, channels, 0.0);
    for (int64_t begin = 0; begin < rows; begin += ChannelParts::block_rows) {
        const int64_t count = std::min(ChannelParts::block_rows, rows - begin);
        const T* block = x + begin * pitch;
        std::fill_n(centre.data(), channels, T(0));
        std::fill_n(deviations.data(), channels, T(0));
        std::fill_n(squared.data(), channels, T(0));
        for (int64_t row = 0; row < count; ++row) {
            const T* values = block + row * pitch;
#pragma omp simd
            for (int64_t c = 0; c < channels; ++c) centre[c] += values[c];
        }
        const T share = T(1) / static_cast<T>(count);
        for (int64_t c = 0; c < channels; ++c) centre[c] *= share;
        for (int64_t row = 0; row < count; ++row) {
            const T* values = block + row * pitch;
#pragma omp simd
            for (int64_t c = 0; c < channels; ++c) {
                const T deviation = values[c] - centre[c];
                deviations[c] += deviation;
                squared[c] += deviation * deviation;
            }
        }
        const double here = static_cast<double>(count), before = static_cast<double>(begin);
        const double weight = here / (before + here), cross = before * weight;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
            const double correction = static_cast<double>(deviations[c]);
            const double delta = static_cast<double>(centre[c]) + correction / here - mean[c];
            mean[c] += delta * weight;
            squares[c] +=
                static_cast<double>(squared[c]) - correction * correction / here + delta * delta * cross;
        }
    }
}

}  // namespace unmask
