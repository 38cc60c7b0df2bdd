// SPDX-License-Identifier: Apache-2.0
// How large a tensor's values are, over many batches, and the scale that 8-bit integers should have for them
// (engine/ops/quantize.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/tensor.h"

namespace unmask {

// Up to where values are kept; larger ones are clamped. max: all are. percentile: 99.99% of those that are
// not 0. mse: as many as makes the mean squared error least, of rounding (step² / 12) and clamping together.
enum class RangeRule : uint8_t { max, percentile, mse };
// "max", "percentile", "mse"; Error lists them when there is no such name.
[[nodiscard]] RangeRule parse_range_rule(std::string_view name);
[[nodiscard]] std::string_view name_of(RangeRule rule);

class ActivationHistogram {
  public:
    // Counts the values, floating, of any device. Error for one that is not finite.
    void add(const Tensor& values);
    // For u8 or i8, positive: 1 where nothing but zeros was seen.
    [[nodiscard]] float scale(DType dtype, RangeRule rule) const;

  private:
    static constexpr int bins = 2048;
    void widen(float largest);
    [[nodiscard]] double limit(int levels, RangeRule rule) const;

    std::array<int64_t, bins> counts_{};  // of |x| in [i, i + 1) · width_; zeros are left out
    double width_ = 0.0;                  // a power of two over the number of bins; 0: nothing seen
    float largest_ = 0.0f;
};

}  // namespace unmask
