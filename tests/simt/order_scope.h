// SPDX-License-Identifier: Apache-2.0
// Another order of the emulated GPU's threads and blocks for a part of a test.
#pragma once

#include "tests/simt/machine.h"

namespace simt {

inline constexpr Order orders[] = {Order::forward, Order::reversed, Order::shuffled};

// The order is set while it lives; then it is forward again.
class OrderScope {
  public:
    explicit OrderScope(Order order) { set_order(order); }
    OrderScope(const OrderScope&) = delete;
    OrderScope& operator=(const OrderScope&) = delete;
    ~OrderScope() { set_order(Order::forward); }
};

[[nodiscard]] inline const char* name_of(Order order) {
    return order == Order::forward ? "forward" : order == Order::reversed ? "reversed" : "shuffled";
}

}  // namespace simt
