// SPDX-License-Identifier: Apache-2.0
#include "engine/shape.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/error.h"

namespace unmask {

Shape::Shape(std::span<const int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
    if (sizes.size() > max_rank)
        fail("shape: expected at most {} dimensions, found {}", max_rank, sizes.size());
    std::copy(sizes.begin(), sizes.end(), sizes_.begin());
    for (const int64_t size : sizes)
        if (size < 0) fail("shape: expected sizes of at least 0, found {}", str());
}

int64_t Shape::numel() const {
    int64_t product = 1;
    for (const int64_t size : *this) product *= size;
    return product;
}

std::string Shape::str() const {
    return fmt::format("[{}]", fmt::join(begin(), end(), ", "));
}

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
    Shape result = a.rank() >= b.rank() ? a : b;
    const int rank = result.rank();
    for (int i = 1; i <= rank; ++i) {
        const int64_t size_a = i <= a.rank() ? a[-i] : 1;
        const int64_t size_b = i <= b.rank() ? b[-i] : 1;
        if (size_a != size_b && size_a != 1 && size_b != 1)
            fail("{}: expected shapes that broadcast together, found {} and {}", op, a.str(), b.str());
        result.set(-i, size_a == 1 ? size_b : size_a);
    }
    return result;
}

}  // namespace unmask
