// SPDX-License-Identifier: Apache-2.0
// Which frames of a source are wanted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace unmask {

// A list of numbers, which must outlive this, or numbers that are evenly spaced: these take no memory,
// however many frames a file's header announces.
class FrameNumbers {
  public:
    // NOLINTBEGIN(google-explicit-constructor): as std::span
    FrameNumbers(std::span<const int64_t> list) : list_(list), is_list_(true), size_(std::ssize(list)) {}
    FrameNumbers(const std::vector<int64_t>& list) : FrameNumbers(std::span(list)) {}
    // NOLINTEND(google-explicit-constructor)

    // floor((i + 1/2)·count/wanted) for i = 0 … wanted - 1: `wanted` frames spread over `count`; all of them
    // when wanted is 0 or at least count. Error for a negative number.
    [[nodiscard]] static FrameNumbers spread(int64_t count, int64_t wanted);

    [[nodiscard]] int64_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool is_list() const {
        return is_list_;
    }  // else the numbers are increasing and below count
    [[nodiscard]] int64_t operator[](int64_t i) const;

  private:
    FrameNumbers() = default;
    std::span<const int64_t> list_;
    bool is_list_ = false;
    int64_t size_ = 0, count_ = 0;
};

}  // namespace unmask
