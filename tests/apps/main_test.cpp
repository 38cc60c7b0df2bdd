// SPDX-License-Identifier: Apache-2.0
// How the program starts.
#include <gtest/gtest.h>

#include "tests/apps/run_program.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

// OpenMP tells its settings while it is initialised, once for each time.
TEST(Start, IdleThreadsSleepSoonAndLibrariesAreInitialisedOnce) {
    const Outcome outcome =
        run_program("--version", "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose");
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    if (outcome.errors.find("GOMP_SPINCOUNT") == std::string::npos)
        GTEST_SKIP() << "the program was built without GNU's OpenMP";
    EXPECT_NE(outcome.errors.find("GOMP_SPINCOUNT = '1000'"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("OMP_WAIT_POLICY = 'PASSIVE'"), std::string::npos) << outcome.errors;
    EXPECT_EQ(count_of("DISPLAY ENVIRONMENT BEGIN", outcome.errors), 1u) << outcome.errors;
}

TEST(Start, AWaitPolicyThatIsGivenStays) {
    const Outcome outcome =
        run_program("--version", "env -u GOMP_SPINCOUNT OMP_WAIT_POLICY=active OMP_DISPLAY_ENV=verbose");
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    if (outcome.errors.find("GOMP_SPINCOUNT") == std::string::npos)
        GTEST_SKIP() << "the program was built without GNU's OpenMP";
    EXPECT_NE(outcome.errors.find("OMP_WAIT_POLICY = 'ACTIVE'"), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace unmask
