// SPDX-License-Identifier: Apache-2.0
#include "data/frame_numbers.h"

#include <algorithm>

#include "engine/error.h"

namespace unmask {

FrameNumbers FrameNumbers::spread(int64_t count, int64_t wanted) {
    if (count < 0 || wanted < 0)
        fail("expected a number of frames of 0 or more, found {} of {}", wanted, count);
    FrameNumbers numbers;
    numbers.count_ = count;
    numbers.size_ = wanted == 0 ? count : std::min(count, wanted);
    return numbers;
}

int64_t FrameNumbers::operator[](int64_t i) const {
    if (is_list_) return list_[size_t(i)];
    if (size_ == count_) return i;
    // (2i + 1)·count / (2·size) in whole numbers that stay small; distinct because the steps are at least one
    // frame.
    const int64_t steps = 2 * i + 1, parts = 2 * size_;
    return steps * (count_ / parts) + steps * (count_ % parts) / parts;
}

}  // namespace unmask
