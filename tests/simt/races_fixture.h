// SPDX-License-Identifier: Apache-2.0
// What the tests of data races share.
#pragma once

#include <string>
#include <vector>

#include "tests/simt/machine_fixture.h"

namespace simt_test {

class Watched : public Machine {
  protected:
    // Found in any order of threads: by what orders accesses, not by what became of them.
    template <class Launch>
    void expect_race(Launch launch, const std::vector<std::string>& parts) {
        for (const simt::Order order : orders) {
            simt::set_order(order);
            expect_fault(launch, parts);
        }
    }
    template <class Launch>
    void expect_none(Launch launch) {
        for (const simt::Order order : orders) {
            simt::set_order(order);
            EXPECT_NO_THROW(launch());
        }
    }
};

}  // namespace simt_test
