// SPDX-License-Identifier: Apache-2.0
// Batch norm's second pass where its result is pooled: the map in between is only there for the rows of one
// line of windows at a time.
#pragma once

#include "cpu/max_window.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "engine/ops/batch_norm.h"

namespace unmask {

// Pools normalise(from, to, rows), which makes `rows` pixels of the map out of x's; `none_passes`: where no
// value is positive, argmax names no tap.
template <class T, class Normalise>
void normalise_and_pool(BatchNormBranch& branch, const Pool2dParams& pool, bool none_passes,
                        Normalise normalise) {
    const int64_t height = branch.x.dim(1), width = branch.x.dim(2), channels = branch.x.dim(3);
    const int64_t out_height = branch.y.dim(1), out_width = branch.y.dim(2);
    parallel_rows(branch.y.dim(0) * out_height, width * channels, [&](int64_t begin, int64_t end) {
        const Scratch<T> map(pool.kernel[0] * width * channels);
        for (int64_t line = begin; line < end; ++line) {
            const int64_t i = line % out_height;
            const PoolRange rows = pool_window(i, 0, height, pool), local{0, rows.size()};
            const int64_t pixel = (line / out_height * height + rows.begin) * width;
            normalise(branch.x.data<T>() + pixel * channels, map.data(), rows.size() * width);
            const int64_t first_row = i * pool.stride[0] - pool.padding[0] - rows.begin;
            for (int64_t j = 0; j < out_width; ++j) {
                const PoolRange columns = pool_window(j, 1, width, pool);
                const int64_t first_column = j * pool.stride[1] - pool.padding[1];
                const int64_t offset = (line * out_width + j) * channels;
                T* y = branch.y.data<T>() + offset;
                if (!branch.argmax.defined()) {
                    max_window<T, false>(map.data(), width, channels, local, columns, first_row, first_column,
                                         pool.kernel[1], y, nullptr);
                    continue;
                }
                uint8_t* argmax = branch.argmax.data<uint8_t>() + offset;
                max_window<T, true>(map.data(), width, channels, local, columns, first_row, first_column,
                                    pool.kernel[1], y, argmax);
                for (int64_t c = 0; none_passes && c < channels; ++c)
                    if (!(y[c] > T(0))) argmax[c] = no_tap;
            }
        }
    });
}

}  // namespace unmask
