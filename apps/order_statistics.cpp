// SPDX-License-Identifier: Apache-2.0
#include "apps/order_statistics.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/error.h"

namespace unmask {

double median(std::span<const double> values) {
    UNMASK_ASSERT(!values.empty());
    std::vector<double> ascending(values.begin(), values.end());
    std::ranges::sort(ascending);
    const size_t middle = ascending.size() / 2;
    return ascending.size() % 2 == 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}

double quantile(std::span<const double> ascending, double share) {
    UNMASK_ASSERT(!ascending.empty());
    const double place = share * double(ascending.size() - 1);
    const auto below = size_t(place);
    const size_t above = std::min(below + 1, ascending.size() - 1);
    return ascending[below] + (place - double(below)) * (ascending[above] - ascending[below]);
}

}  // namespace unmask
