// SPDX-License-Identifier: Apache-2.0
// How a reduction from x's shape to y's (size 1 where reduced) walks over x. Size-1 dimensions are dropped
// and neighbours of one kind merged; the last group of dimensions is `inner`, kept or reduced. Outputs come
// in units: a unit is up to `block` neighbouring outputs (inner kept) or a single one (inner reduced), and
// its inputs are `items`, contiguous runs of x in row-major order.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/shape.h"

namespace unmask {

class Reduction {
  public:
    static constexpr int64_t block = 1024;    // outputs of a unit, when inner is kept
    static constexpr int64_t segment = 1024;  // elements of an item, when inner is reduced

    Reduction(const Shape& x, const Shape& y) {
        int64_t stride = 1;
        for (int i = x.rank() - 1; i >= 0; --i) {
            if (x[i] != 1) append({x[i], stride}, y[i] == 1);
            stride *= x[i];
        }
        if (!started_) append({1, 1}, false);
        piece_ = inner_reduced_ ? segment : block;
        pieces_ = std::max<int64_t>((inner_.size + piece_ - 1) / piece_, 1);
        units_ = product(kept_) * (inner_reduced_ ? 1 : pieces_);
        items_ = product(reduced_) * (inner_reduced_ ? pieces_ : 1);
    }

    [[nodiscard]] bool inner_reduced() const { return inner_reduced_; }
    [[nodiscard]] int64_t units() const { return units_; }
    [[nodiscard]] int64_t items() const { return items_; }
    [[nodiscard]] int64_t item_length() const {
        return std::min(inner_.size, piece_);
    }  // of all but the last piece

    struct Run {
        int64_t offset, length;
    };
    // A unit's place in y.
    [[nodiscard]] Run outputs(int64_t unit) const {
        if (inner_reduced_) return {unit, 1};
        const Run piece = inner_piece(unit);
        return {unit / pieces_ * inner_.size + piece.offset, piece.length};
    }
    // The place in x of an item of a unit.
    [[nodiscard]] Run inputs(int64_t unit, int64_t item) const {
        Run run = inner_piece(inner_reduced_ ? item : unit);
        run.offset += offset(kept_, inner_reduced_ ? unit : unit / pieces_) +
                      offset(reduced_, inner_reduced_ ? item / pieces_ : item);
        return run;
    }

  private:
    struct Dimension {
        int64_t size, stride;
    };

    // From the innermost dimension outwards.
    void append(const Dimension& dimension, bool reduced) {
        if (!started_) {
            inner_ = dimension;
            inner_reduced_ = reduced;
        } else if (reduced == last_reduced_) {
            Dimension& last = only_inner_ ? inner_ : (reduced ? reduced_ : kept_).back();
            last.size *= dimension.size;
        } else {
            (reduced ? reduced_ : kept_).push_back(dimension);
            only_inner_ = false;
        }
        started_ = true;
        last_reduced_ = reduced;
    }

    static int64_t product(const std::vector<Dimension>& dimensions) {
        int64_t result = 1;
        for (const Dimension& dimension : dimensions) result *= dimension.size;
        return result;
    }

    static int64_t offset(const std::vector<Dimension>& dimensions, int64_t index) {
        int64_t result = 0;
        for (const Dimension& dimension : dimensions) {
            result += index % dimension.size * dimension.stride;
            index /= dimension.size;
        }
        return result;
    }

    [[nodiscard]] Run inner_piece(int64_t index) const {
        const int64_t start = index % pieces_ * piece_;
        return {start, std::min(piece_, inner_.size - start)};
    }

    std::vector<Dimension> kept_, reduced_;  // without inner, from the innermost outwards
    Dimension inner_{1, 1};
    bool inner_reduced_ = false, started_ = false, only_inner_ = true, last_reduced_ = false;
    int64_t piece_ = 1, pieces_ = 1, units_ = 1, items_ = 1;
};

}  // namespace unmask
