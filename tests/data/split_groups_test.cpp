// SPDX-License-Identifier: Apache-2.0
#include "data/split_groups.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

// On other values every dataset would be split anew. Of another program.
TEST(SplitHash, StaysWhatItIs) {
    EXPECT_EQ(split_hash("", 0), 0x7bd3144f29c0cc9eu);
    EXPECT_EQ(split_hash("ffpp/000", 1), 0xa6851d2f9827daa3u);
    EXPECT_EQ(split_hash("celeb/id0_\xc3\xbc", 0x0123456789abcdefu), 0xb9c8c2af9007fe52u);
}

}  // namespace
}  // namespace unmask
