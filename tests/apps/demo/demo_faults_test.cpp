// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_faults.h"

#include <gtest/gtest.h>

#include <limits>

namespace unmask {
namespace {

using Faults = std::vector<std::string>;

TEST(DemoFaults, ADetectorWorseThanItShouldBeIsOne) {
    EXPECT_EQ(demo_faults(least_demo_auc, {FileScore(), FileScore()}), Faults());
    EXPECT_EQ(demo_faults(1.0, {}), Faults());
    const std::string expected = "the demo's frame AUC on unseen people: expected at least 0.90, found ";
    EXPECT_EQ(demo_faults(0.8999, {}), Faults{expected + "0.8999"});
    EXPECT_EQ(demo_faults({}, {}), Faults{expected + "none"});
    EXPECT_EQ(demo_faults(std::numeric_limits<double>::quiet_NaN(), {}), Faults{expected + "nan"});
}

TEST(DemoFaults, AnInputWithoutAnAnswerIsOne) {
    FileScore broken;
    broken.error = "forged.mp4: out of memory";
    EXPECT_EQ(demo_faults(0.95, {FileScore(), broken}), Faults{broken.error});
    EXPECT_EQ(demo_faults(0.5, {broken, broken}).size(), 3u);
}

}  // namespace
}  // namespace unmask
