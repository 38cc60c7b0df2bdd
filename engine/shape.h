// SPDX-License-Identifier: Apache-2.0
// The sizes of a tensor, outermost first; at most six dimensions, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace unmask {

class Shape {
  public:
    static constexpr int max_rank = 6;

    Shape() = default;  // rank 0: a scalar, one element
    Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
    explicit Shape(std::span<const int64_t> sizes);  // Error when the rank is above 6 or a size is negative

    [[nodiscard]] int rank() const { return rank_; }
    [[nodiscard]] int64_t numel() const;
    // Size of dimension i; negative i counts from the end.
    [[nodiscard]] int64_t operator[](int i) const {
        return sizes_[static_cast<size_t>(i < 0 ? i + rank_ : i)];
    }
    void set(int i, int64_t size) { sizes_[static_cast<size_t>(i < 0 ? i + rank_ : i)] = size; }

    [[nodiscard]] const int64_t* begin() const { return sizes_.data(); }
    [[nodiscard]] const int64_t* end() const { return sizes_.data() + rank_; }
    bool operator==(const Shape&) const = default;

    [[nodiscard]] std::string str() const;  // "[8, 224, 224, 3]"

  private:
    std::array<int64_t, max_rank> sizes_{};
    int rank_ = 0;
};

// The shape of an elementwise result of a and b by NumPy's broadcasting; Error names `op` and both shapes.
[[nodiscard]] Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

}  // namespace unmask
