// SPDX-License-Identifier: Apache-2.0
// CUDA's warp matrix functions (mma.h) for g++, as far as cuda/ uses them: tiles of 16 x 16, bf16 products
// summed in float32. Which lane has which element is as unspecified as CUDA's, and not the same: here a lane
// has 8 neighbours of a row.
#pragma once

#include <cstddef>
#include <source_location>
#include <type_traits>

#include "engine/dtype.h"
#include "tests/simt/machine.h"

using __nv_bfloat16 = unmask::BFloat16;

namespace simt {

constexpr int tile_lanes_a_row = 2, tile_elements = 8;  // of each lane

// The place of a lane's first element in a tile.
struct TilePlace {
    int row, column;
};
// Of the calling lane, when all lanes of its warp are there; Fault when they are elsewhere or the memory is
// not aligned.
[[nodiscard]] TilePlace tile_place(Site site, const void* memory, size_t pitch_bytes);
// sums = terms + a * b of the warp's tiles, of which each pointer is to the calling lane's elements.
void multiply_tiles(Site site, float* sums, const float* a, const float* b, const float* terms);

inline Site site_of(const std::source_location& place) {
    return {place.file_name(), static_cast<int>(place.line())};
}

}  // namespace simt

namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
    static_assert(M == 16 && N == 16 && K == 16, "other shapes are not emulated");
    float x[simt::tile_elements];
};

namespace detail {
inline size_t place_of(int row, int column, unsigned pitch, bool by_columns) {
    return by_columns ? static_cast<size_t>(column) * pitch + static_cast<size_t>(row)
                      : static_cast<size_t>(row) * pitch + static_cast<size_t>(column);
}
}  // namespace detail

template <class Use, class T, class Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, Layout>& tile, const T* memory, unsigned pitch,
                      std::source_location here = std::source_location::current()) {
    const simt::TilePlace place = simt::tile_place(simt::site_of(here), memory, pitch * sizeof(T));
    for (int i = 0; i < simt::tile_elements; ++i)
        tile.x[i] = static_cast<float>(
            memory[detail::place_of(place.row, place.column + i, pitch, std::is_same_v<Layout, col_major>)]);
}

inline void store_matrix_sync(float* memory, const fragment<accumulator, 16, 16, 16, float>& tile,
                              unsigned pitch, layout_t layout,
                              std::source_location here = std::source_location::current()) {
    const simt::TilePlace place = simt::tile_place(simt::site_of(here), memory, pitch * sizeof(float));
    for (int i = 0; i < simt::tile_elements; ++i)
        memory[detail::place_of(place.row, place.column + i, pitch, layout == mem_col_major)] = tile.x[i];
}

template <class Fragment>
void fill_fragment(Fragment& tile, float value) {
    for (float& element : tile.x) element = value;
}

template <class LayoutA, class LayoutB>
void mma_sync(fragment<accumulator, 16, 16, 16, float>& sums,
              const fragment<matrix_a, 16, 16, 16, __nv_bfloat16, LayoutA>& a,
              const fragment<matrix_b, 16, 16, 16, __nv_bfloat16, LayoutB>& b,
              const fragment<accumulator, 16, 16, 16, float>& terms,
              std::source_location here = std::source_location::current()) {
    simt::multiply_tiles(simt::site_of(here), sums.x, a.x, b.x, terms.x);
}

}  // namespace nvcuda::wmma
