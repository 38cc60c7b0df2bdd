// SPDX-License-Identifier: Apache-2.0
// c [m, n] = a [m, k] · b [k, n] in cache-sized blocks (the scheme of Goto & van de Geijn, "Anatomy of
// high-performance matrix multiplication", 2008), over operands that are given by how their blocks are
// packed, so that a convolution needs no matrix of patches in memory. An element of c is summed over blocks
// of k in order, whatever the number of threads.
#pragma once

#include <algorithm>

#include "cpu/gemm_tile.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"

namespace unmask {

struct GemmSizes {
    int64_t m = 0, n = 0, k = 0;
};

template <class T>
struct GemmBlocks {
    // Of k, m and n, so that a panel of b, a block of a and a block of b stay in the first, second, third
    // cache.
    static constexpr int64_t depth = 256;
    static constexpr int64_t most_rows = 20 * GemmTile<T>::rows;
    static constexpr int64_t most_columns = 64 * GemmTile<T>::columns;
    static constexpr int64_t serial_work = 1 << 17;  // multiplications not worth a second thread
};

// The operands' packers and the result's writer:
// - pack_a(row, rows, k, depth, panel): a's elements [row + i, k + d] to panel[d][tile rows], zeros beyond;
// - pack_b(column, columns, k, depth, panel): b's [k + d, column + j] to panel[d][tile columns], likewise;
// - store(row, column, rows, columns, tile, first, last): a tile [tile rows][tile columns] of one block of k,
//   to be written when first, else added; last when it completes the sum.
// An empty k gives one tile of zeros.
template <class T, class PackA, class PackB, class Store>
void gemm_blocks(const GemmSizes& sizes, const PackA& pack_a, const PackB& pack_b, const Store& store) {
    using Tile = GemmTile<T>;
    using Blocks = GemmBlocks<T>;
    const int64_t m = sizes.m, n = sizes.n, k = sizes.k;
    if (m == 0 || n == 0) return;
    const auto panels_of = [](int64_t size, int64_t panel) { return (size + panel - 1) / panel; };

    const bool serial = m * n * std::max<int64_t>(k, 1) <= Blocks::serial_work;
    const int64_t threads = serial ? 1 : thread_count();
    const int64_t row_panels = panels_of(m, Tile::rows);
    const int64_t widest = std::min(panels_of(n, Tile::columns), Blocks::most_columns / Tile::columns);
    const int64_t deepest = std::min(k, Blocks::depth);

    // Tasks are blocks of rows; where these are too few for the threads, the columns are divided as well.
    int64_t row_blocks = panels_of(m, Blocks::most_rows);
    if (row_panels >= 4 * threads) row_blocks = panels_of(row_blocks, threads) * threads;
    const int64_t block_panels = panels_of(row_panels, row_blocks);
    row_blocks = panels_of(row_panels, block_panels);
    const int64_t column_parts = std::min(row_blocks % threads == 0 ? 1 : threads, widest);

    const int64_t a_size = block_panels * Tile::rows * deepest;
    const Scratch<T> scratch(widest * Tile::columns * deepest + thread_count() * a_size);
    T* packed_b = scratch.data();
    T* packed_a = packed_b + widest * Tile::columns * deepest;

    for (int64_t column_begin = 0; column_begin < n; column_begin += Blocks::most_columns) {
        const int64_t column_end = std::min(n, column_begin + Blocks::most_columns);
        const int64_t panels = panels_of(column_end - column_begin, Tile::columns);
        for (int64_t k_begin = 0; k_begin < std::max<int64_t>(k, 1); k_begin += Blocks::depth) {
            const int64_t depth = std::min(Blocks::depth, k - k_begin);
            const bool first = k_begin == 0, last = k_begin + depth >= k;
            parallel_for(
                panels, serial ? panels : panels_of(panels, 4 * threads), [&](int64_t begin, int64_t end) {
                    for (int64_t panel = begin; panel < end; ++panel) {
                        const int64_t column = column_begin + panel * Tile::columns;
                        const auto columns =
                            static_cast<int>(std::min<int64_t>(Tile::columns, column_end - column));
                        pack_b(column, columns, k_begin, depth, packed_b + panel * Tile::columns * depth);
                    }
                });
            parallel_for(row_blocks * column_parts, 1, [&](int64_t task, int64_t) {
                T* block_a = packed_a + thread_index() * a_size;
                const int64_t row_panel = task / column_parts * block_panels;
                const int64_t row_panel_end = std::min(row_panels, row_panel + block_panels);
                const auto rows_of = [m](int64_t panel) {
                    return static_cast<int>(std::min<int64_t>(Tile::rows, m - panel * Tile::rows));
                };
                for (int64_t i = row_panel; i < row_panel_end; ++i)
                    pack_a(i * Tile::rows, rows_of(i), k_begin, depth,
                           block_a + (i - row_panel) * Tile::rows * depth);
                alignas(64) T tile[Tile::size];
                const int64_t part = task % column_parts;
                for (int64_t j = panels * part / column_parts; j < panels * (part + 1) / column_parts; ++j) {
                    const int64_t column = column_begin + j * Tile::columns;
                    const auto columns =
                        static_cast<int>(std::min<int64_t>(Tile::columns, column_end - column));
                    for (int64_t i = row_panel; i < row_panel_end; ++i) {
                        Tile::multiply(depth, block_a + (i - row_panel) * Tile::rows * depth,
                                       packed_b + j * Tile::columns * depth, tile);
                        store(i * Tile::rows, column, rows_of(i), columns, tile, first, last);
                    }
                }
            });
        }
    }
}

}  // namespace unmask
