// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/mma.h"

#include <algorithm>
#include <array>

#include "tests/simt/machine_state.h"

namespace simt {
namespace {

constexpr unsigned whole_warp = 0xFFFFFFFFu;
constexpr size_t tile_side = 16;

// All lanes are at one place, which orders none of their accesses.
void meet(Site site) {
    static_cast<void>(exchange(site, Collective::ballot, whole_warp, 1, 0, 32));
}

struct Operands {
    std::array<float, tile_side * tile_side> a, b;  // row by row
};
std::array<Operands, most_threads / warp> operands_of_warps;

}  // namespace

TilePlace tile_place(Site site, const void* memory, size_t pitch_bytes) {
    if (reinterpret_cast<uintptr_t>(memory) % 32 != 0 || pitch_bytes % 16 != 0)
        fault(
            "expected a tile at a multiple of 32 bytes with rows that are a multiple of 16 bytes apart at " +
            text_of(site));
    meet(site);
    const int lane = static_cast<int>(machine().current->number % warp);
    return {lane / tile_lanes_a_row, lane % tile_lanes_a_row * tile_elements};
}

void multiply_tiles(Site site, float* sums, const float* a, const float* b, const float* terms) {
    const unsigned number = machine().current->number, lane = number % warp;
    Operands& operands = operands_of_warps[number / warp];
    std::copy_n(a, tile_elements, operands.a.begin() + lane * tile_elements);
    std::copy_n(b, tile_elements, operands.b.begin() + lane * tile_elements);
    meet(site);
    const float* row = operands.a.data() + lane / tile_lanes_a_row * tile_side;
    const float* column = operands.b.data() + lane % tile_lanes_a_row * tile_elements;
    std::array<float, tile_elements> own{};
    std::copy_n(terms, tile_elements, own.begin());
    for (size_t k = 0; k < tile_side; ++k)
        for (size_t i = 0; i < tile_elements; ++i) own[i] += row[k] * column[k * tile_side + i];
    std::copy(own.begin(), own.end(), sums);
    meet(site);  // before the next product's operands
}

}  // namespace simt
