// SPDX-License-Identifier: Apache-2.0
// The matrix of patches of a convolution ("im2col") without storing it: row (n, i, j) holds what the kernel
// sees at that output pixel, a list of segments, each a run of neighbouring elements of one image row, with
// zeros where it reaches over the border.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "cpu/gemm_tile.h"

namespace unmask {

// Elements [begin, begin + length) of a patch: the image row `row` below the patch's origin, from `offset`
// elements right of it (negative ones lie above and to the left).
struct PatchSegment {
    int64_t begin, length, row, offset;
};

template <class T>
struct Patches {
    const T* image = nullptr;  // [N, height, width, channels]
    int64_t height = 0, width = 0, channels = 0;
    int64_t grid_height = 0, grid_width = 0;  // patches of one image
    std::array<int64_t, 2> step{1, 1};  // the origin of patch (i, j) is pixel (i · step[0], j · step[1])
    PatchSegment* memory = nullptr;     // for the segments
    std::span<const PatchSegment> segments{};  // in order, without gaps

    [[nodiscard]] int64_t length() const {
        return segments.empty() ? 0 : segments.back().begin + segments.back().length;
    }

    // Appends a segment, for which the memory must suffice.
    void append(int64_t row, int64_t offset, int64_t count) {
        const size_t used = segments.size();
        memory[used] = {length(), count, row, offset};
        segments = {memory, used + 1};
    }

    struct Position {
        int64_t n, i, j;
    };
    [[nodiscard]] Position position(int64_t index) const {
        const int64_t j = index % grid_width;
        index /= grid_width;
        return {index / grid_height, index % grid_height, j};
    }
    void advance(Position& at) const {
        if (++at.j < grid_width) return;
        at.j = 0;
        if (++at.i < grid_height) return;
        at.i = 0;
        ++at.n;
    }

    [[nodiscard]] size_t segment_at(int64_t element) const {
        const auto after =
            std::upper_bound(segments.begin(), segments.end(), element,
                             [](int64_t value, const PatchSegment& s) { return value < s.begin; });
        return static_cast<size_t>(after - segments.begin()) - 1;
    }

    // Copies elements [begin, begin + count) of the patch, which start in segment `first`.
    void copy(const Position& at, size_t first, int64_t begin, int64_t count, T* to) const {
        const int64_t row_elements = width * channels;
        const int64_t end = begin + count;
        for (size_t s = first; begin < end; ++s) {
            const PatchSegment& segment = segments[s];
            const int64_t length = std::min(end, segment.begin + segment.length) - begin;
            const int64_t row = at.i * step[0] + segment.row;
            const int64_t start = at.j * step[1] * channels + segment.offset + (begin - segment.begin);
            if (row < 0 || row >= height) {
                std::fill_n(to, length, T(0));
            } else {
                const T* from = image + (at.n * height + row) * row_elements;
                const int64_t low = std::clamp<int64_t>(-start, 0, length);
                const int64_t high = std::clamp<int64_t>(row_elements - start, low, length);
                std::fill_n(to, low, T(0));
                std::copy_n(from + start + low, high - low, to + low);
                std::fill_n(to + high, length - high, T(0));
            }
            to += length;
            begin += length;
        }
    }
};

// Patches as the left operand of a product, one to a row.
template <class T, int64_t most_depth>
struct PatchRowPacker {
    const Patches<T>& patches;
    void operator()(int64_t row, int rows, int64_t k, int64_t depth, T* panel) const {
        alignas(64) T lines[GemmTile<T>::rows * most_depth];
        auto at = patches.position(row);
        const size_t first = patches.segment_at(k);
        for (int r = 0; r < rows; ++r, patches.advance(at))
            patches.copy(at, first, k, depth, lines + r * depth);
        pack_transposed<GemmTile<T>::rows>(lines, depth, rows, depth, panel);
    }
};

// Patches as the right operand: k counts the patches, the columns are their elements.
template <class T>
struct PatchColumnPacker {
    const Patches<T>& patches;
    void operator()(int64_t column, int columns, int64_t k, int64_t depth, T* panel) const {
        constexpr int width = GemmTile<T>::columns;
        auto at = patches.position(k);
        const size_t first = patches.segment_at(column);
        for (int64_t d = 0; d < depth; ++d, patches.advance(at), panel += width) {
            patches.copy(at, first, column, columns, panel);
            std::fill(panel + columns, panel + width, T(0));
        }
    }
};

}  // namespace unmask
