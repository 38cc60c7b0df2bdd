// SPDX-License-Identifier: Apache-2.0
// The dimensions of a reduction: which of x's elements make up each of y's.
#pragma once

#include "cuda/index.cuh"

namespace unmask {

// Dimensions of x of one kind, neighbours merged, innermost first: at most three of six, as the kinds
// alternate.
struct FoldDimensions {
    int rank = 0;
    int64_t sizes[3] = {1, 1, 1}, strides[3] = {0, 0, 0};

    __device__ int64_t offset(int64_t index) const {
        if (rank <= 1) return index * strides[0];
        const int64_t rest = quotient(index, sizes[0]);
        const int64_t inner = (index - rest * sizes[0]) * strides[0];
        if (rank == 2) return inner + rest * strides[1];
        const int64_t last = quotient(rest, sizes[1]);
        return inner + (rest - last * sizes[1]) * strides[1] + last * strides[2];
    }
};

// How y's elements (size 1 in the reduced dimensions) are folded from x's.
struct Folding {
    FoldDimensions kept, reduced;
    bool inner_reduced = false;      // the innermost dimensions; else `inner` outputs are neighbours in x
    int64_t inner = 1;               // size of the innermost dimension; `kept` does without it
    int64_t outputs = 1, count = 1;  // in y, and for each of them

    Folding() = default;
    Folding(const Shape& x, const Shape& y) {
        int64_t stride = 1;
        bool started = false, last_reduced = false, only_inner = true;
        for (int i = x.rank() - 1; i >= 0; --i) {
            const int64_t size = x[i];
            const bool is_reduced = y[i] == 1;
            if (size == 1) continue;
            only_inner = only_inner && (!started || is_reduced == last_reduced);
            (is_reduced ? count : outputs) *= size;
            if (!started) inner_reduced = is_reduced;
            if (only_inner) inner *= size;
            FoldDimensions& dimensions = is_reduced ? reduced : kept;
            if (is_reduced || !only_inner) {
                if (started && is_reduced == last_reduced && dimensions.rank > 0) {
                    dimensions.sizes[dimensions.rank - 1] *= size;
                } else {
                    dimensions.sizes[dimensions.rank] = size;
                    dimensions.strides[dimensions.rank++] = stride;
                }
            }
            stride *= size;
            started = true;
            last_reduced = is_reduced;
        }
    }
};

}  // namespace unmask
