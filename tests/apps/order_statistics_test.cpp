// SPDX-License-Identifier: Apache-2.0
#include "apps/order_statistics.h"

#include <gtest/gtest.h>

#include <vector>

namespace unmask {
namespace {

using Values = std::vector<double>;

TEST(OrderStatistics, TheMedianIsTheMiddleOrTheMeanOfBoth) {
    EXPECT_EQ(median(Values{7}), 7);
    EXPECT_EQ(median(Values{9, 1, 4}), 4);
    EXPECT_EQ(median(Values{8, 1, 4, 2}), 3);
}

TEST(OrderStatistics, AQuantileIsLinearBetweenNeighbours) {
    const Values ascending{1, 2, 4, 8};
    EXPECT_EQ(quantile(ascending, 0), 1);
    EXPECT_EQ(quantile(ascending, 1), 8);
    EXPECT_DOUBLE_EQ(quantile(ascending, 0.5), 3);
    EXPECT_DOUBLE_EQ(quantile(ascending, 0.75), 5);
    EXPECT_EQ(quantile(Values{3}, 0.3), 3);
}

}  // namespace
}  // namespace unmask
