// SPDX-License-Identifier: Apache-2.0
// In which order a Winograd convolution goes through its tiles and panels, and who computes what.
#pragma once

#include <algorithm>
#include <numeric>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {

// Computes every output of a Work. It has the types Input and Product of the elements of transformed inputs
// and of products, `points`, the xi of a tile, sizes(), input_pitch(), the elements from tile to tile of a
// transformed input, input_planes(), in how many planes these are (one for each xi, or for each xi and part
// of the channels), and two steps: transform(first, last, to, plane): the inputs of tiles [first, last) to
// to[input plane][tile - first][input_pitch()], `plane` elements from plane to plane; compute_panel(panel,
// first, last, transformed, plane, products, product_plane): the outputs of these tiles in one panel of
// channels, with products[xi][tile - first][panel_columns] in between.
template <class Work>
class Schedule {
  public:
    explicit Schedule(const Work& work) : work_(work), sizes_(work.sizes()) {}

    void run() const {
        if (sizes_.tiles == 0) return;
        const int64_t threads = thread_count(), block = cached_tiles();
        if (block >= fewest_tiles && sizes_.tiles >= threads * fewest_tiles) {
            const int64_t blocks = ceil_div(ceil_div(sizes_.tiles, block), threads) * threads;
            run_blocks(ceil_div(sizes_.tiles, blocks));
        } else {
            const int64_t chunks = ceil_div(sizes_.tiles, most_shared_tiles);
            run_chunks(ceil_div(sizes_.tiles, chunks));
        }
    }

  private:
    using Input = typename Work::Input;
    using Product = typename Work::Product;
    // A thread's transformed inputs are to fit half a cache of 1 MB; where less than so many tiles do, the
    // weights would come from further away too often, and the threads share the tiles instead.
    static constexpr int64_t cached_bytes = 512 * 1024, fewest_tiles = 20;
    static constexpr int64_t most_shared_tiles = 192;

    static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
    [[nodiscard]] int64_t cached_tiles() const {
        return cached_bytes /
               (work_.input_planes() * work_.input_pitch() * static_cast<int64_t>(sizeof(Input)));
    }
    [[nodiscard]] int64_t input_plane(int64_t tiles) const {
        return spread_plane<Input>(tiles * work_.input_pitch());
    }
    static int64_t product_plane(int64_t tiles) { return spread_plane<Product>(tiles * panel_columns); }

    // Each thread takes blocks of tiles from input to output, in memory of its own.
    void run_blocks(int64_t block) const {
        const int64_t plane = input_plane(block), each = Work::points * product_plane(block);
        const int64_t threads = thread_count();
        const Scratch<Input> inputs(threads * work_.input_planes() * plane);
        const Scratch<Product> outputs(threads * each);
        parallel_for(sizes_.tiles, block, [&](int64_t first, int64_t last) {
            Input* transformed = inputs.data() + thread_index() * work_.input_planes() * plane;
            work_.transform(first, last, transformed, plane);
            for (int64_t panel = 0; panel < sizes_.panels(); ++panel)
                work_.compute_panel(panel, first, last, transformed, plane,
                                    outputs.data() + thread_index() * each, product_plane(last - first));
        });
    }

    // The threads share the transformed inputs of a chunk of tiles, and each takes panels of the weights, so
    // that these are read once for all tiles; where there are not enough panels, parts of the tiles too.
    void run_chunks(int64_t chunk) const {
        const int64_t plane = input_plane(chunk), each = Work::points * product_plane(chunk);
        const int64_t threads = thread_count();
        const Scratch<Input> transformed(work_.input_planes() * plane);
        const Scratch<Product> outputs(threads * each);
        for (int64_t first = 0; first < sizes_.tiles; first += chunk) {
            const int64_t tiles = std::min(chunk, sizes_.tiles - first);
            parallel_for(tiles, ceil_div(tiles, 4 * threads), [&](int64_t begin, int64_t end) {
                work_.transform(first + begin, first + end, transformed.data() + begin * work_.input_pitch(),
                                plane);
            });
            const int64_t parts = std::min(threads / std::gcd(threads, sizes_.panels()), tiles);
            parallel_for(sizes_.panels() * parts, 1, [&](int64_t task, int64_t) {
                const int64_t part = task % parts;
                const int64_t begin = tiles * part / parts, end = tiles * (part + 1) / parts;
                work_.compute_panel(task / parts, first + begin, first + end,
                                    transformed.data() + begin * work_.input_pitch(), plane,
                                    outputs.data() + thread_index() * each, product_plane(end - begin));
            });
        }
    }

    const Work& work_;
    const Sizes& sizes_;
};

}  // namespace unmask::winograd
