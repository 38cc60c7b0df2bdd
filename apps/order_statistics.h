// SPDX-License-Identifier: Apache-2.0
// What lies at a place among sorted values. All are of at least one value.
#pragma once

#include <span>

namespace unmask {

// The middle value, of an even number the mean of both; in any order.
[[nodiscard]] double median(std::span<const double> values);

// Of ascending values the one that a share of them lies below, linear between neighbours; 0: the first, 1:
// the last.
[[nodiscard]] double quantile(std::span<const double> ascending, double share);

}  // namespace unmask
