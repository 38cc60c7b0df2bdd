// SPDX-License-Identifier: Apache-2.0
#include "bench/program/machine_text.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(MachineText, NamesProcessorCoresAndInstructions) {
    const char* cpuinfo =
        "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n"
        "flags\t\t: fpu avx2 avx512f avx512_vnni sse2\n\n"
        "processor\t: 1\nmodel name\t: another\nflags\t\t: amx_tile\n";
    EXPECT_EQ(machine_text(cpuinfo, 2), "AMD EPYC, family 26, model 2, 2 cores, avx2 avx512f avx512_vnni");
    EXPECT_EQ(machine_text("Features\t: fp asimd sve2 i8mm\n", 1), "1 core, asimd i8mm");
    EXPECT_EQ(machine_text("", 4), "4 cores");
}

}  // namespace
}  // namespace unmask
