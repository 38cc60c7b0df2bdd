// SPDX-License-Identifier: Apache-2.0
// Loops over a broadcast result: neighbouring dimensions that every operand walks alike are merged, and what
// is left is cut into runs along the last dimension, on which an operand either advances by one or stands
// still.
#pragma once

#include <array>
#include <vector>

#include "cpu/parallel.h"
#include "engine/shape.h"

namespace unmask {

template <size_t operands>
class BroadcastLoop {
  public:
    using Offsets = std::array<int64_t, operands>;

    // The shapes are aligned at their last dimensions; each size is the result's or 1.
    BroadcastLoop(const Shape& result, const std::array<Shape, operands>& shapes) {
        Offsets next{};
        next.fill(1);
        for (int i = 1; i <= result.rank(); ++i) {
            Dimension dimension{result[-i], {}};
            for (size_t k = 0; k < operands; ++k) {
                const int64_t size = i <= shapes[k].rank() ? shapes[k][-i] : 1;
                dimension.strides[k] = size == 1 ? 0 : next[k];
                next[k] *= size;
            }
            if (dimension.size != 1) append(dimension);
        }
        if (dimensions_.empty()) dimensions_.push_back({1, {}});
    }

    // body(result offset, operand offsets, count, operand steps (0 or 1)) for runs that together cover the
    // result.
    template <class Body>
    void run(Body&& body) const {
        const Dimension& inner = dimensions_.front();
        const int64_t pieces = (inner.size + elementwise_grain - 1) / elementwise_grain;
        int64_t rows = 1;
        for (size_t d = 1; d < dimensions_.size(); ++d) rows *= dimensions_[d].size;
        parallel_rows(rows * pieces, std::min(inner.size, elementwise_grain),
                      [&](int64_t begin, int64_t end) {
                          for (int64_t task = begin; task < end; ++task) {
                              const int64_t row = task / pieces, start = task % pieces * elementwise_grain;
                              Offsets offsets = offsets_of(row);
                              for (size_t k = 0; k < operands; ++k) offsets[k] += start * inner.strides[k];
                              body(row * inner.size + start, offsets,
                                   std::min(elementwise_grain, inner.size - start), inner.strides);
                          }
                      });
    }

  private:
    struct Dimension {
        int64_t size;
        Offsets strides;
    };

    // From the innermost outwards.
    void append(const Dimension& dimension) {
        if (!dimensions_.empty()) {
            Dimension& inner = dimensions_.back();
            bool alike = true;
            for (size_t k = 0; k < operands; ++k)
                alike = alike && dimension.strides[k] == inner.strides[k] * inner.size;
            if (alike) {
                inner.size *= dimension.size;
                return;
            }
        }
        dimensions_.push_back(dimension);
    }

    [[nodiscard]] Offsets offsets_of(int64_t row) const {
        Offsets offsets{};
        for (size_t d = 1; d < dimensions_.size(); ++d) {
            const int64_t index = row % dimensions_[d].size;
            row /= dimensions_[d].size;
            for (size_t k = 0; k < operands; ++k) offsets[k] += index * dimensions_[d].strides[k];
        }
        return offsets;
    }

    std::vector<Dimension> dimensions_;
};

}  // namespace unmask
