// SPDX-License-Identifier: Apache-2.0
#include "engine/error.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(Errors, AreOneLineWithoutControlCharacters) {
    try {
        fail("{}: expected a name, found '{}'", "a\nfile", std::string("\x1b[31m\0é\x7f", 9));
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "a\\nfile: expected a name, found '\\x1b[31m\\x00é\\x7f'");
    }
}

}  // namespace
}  // namespace unmask
