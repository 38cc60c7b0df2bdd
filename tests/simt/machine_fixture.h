// SPDX-License-Identifier: Apache-2.0
// What the emulation's tests share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cuda/device.cuh"
#include "tests/simt/machine.h"

namespace simt_test {

using unmask::load_pack;
using unmask::whole_warp;

class Machine : public testing::Test {
  protected:
    ~Machine() override {
        simt::set_order(simt::Order::forward);
        simt::set_recorder({});
    }
};

// A launch of a kernel without arguments.
inline void run(const char* name, void (*kernel)(), dim3 grid, dim3 block, size_t shared_bytes) {
    simt::launch(name, grid, block, shared_bytes, simt::bind(kernel));
}

inline constexpr simt::Order orders[] = {simt::Order::forward, simt::Order::reversed, simt::Order::shuffled};

// Runs the launch, which must be refused with all of the parts in its message.
template <class Launch>
void expect_fault(Launch launch, const std::vector<std::string>& parts) {
    try {
        launch();
    } catch (const simt::Fault& fault) {
        for (const std::string& part : parts)
            EXPECT_NE(std::string(fault.what()).find(part), std::string::npos) << fault.what();
        return;
    }
    ADD_FAILURE() << "expected a fault with \"" << parts[0] << "\"";
}

}  // namespace simt_test
