// SPDX-License-Identifier: Apache-2.0
#include "models/branch_schedule.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(BranchSchedule, NamesAreReadAsTheyAreWritten) {
    for (const BranchSchedule schedule :
         {BranchSchedule::automatic, BranchSchedule::separate, BranchSchedule::merged_stems,
          BranchSchedule::lockstep, BranchSchedule::parallel})
        EXPECT_EQ(parse_branch_schedule(name_of(schedule)), schedule);
    EXPECT_EQ(name_of(BranchSchedule::automatic), "auto");
    expect_error([] { static_cast<void>(parse_branch_schedule("serial")); },
                 {"auto, separate, merged_stems, lockstep, parallel", "'serial'"});
}

TEST(BranchSchedule, RecomputedStagesAreReadAsTheyAreWritten) {
    for (const int count : {no_stage, 1, 2, 63, every_stage})
        EXPECT_EQ(parse_recomputed_stages(recomputed_stages_text(count)), count);
    EXPECT_EQ(recomputed_stages_text(no_stage), "none");
    EXPECT_EQ(recomputed_stages_text(every_stage), "all");
    EXPECT_EQ(recomputed_stages_text(2), "2");
    for (const char* text : {"", "-1", "65", "2x", "some"})
        expect_error([text] { static_cast<void>(parse_recomputed_stages(text)); },
                     {"none, all or a number up to 64", text});
}

TEST(BranchSchedule, OnlyBranchesByThemselvesRunAgain) {
    for (const BranchSchedule schedule :
         {BranchSchedule::automatic, BranchSchedule::separate, BranchSchedule::parallel})
        EXPECT_NO_THROW(check_recomputable(schedule));
    for (const BranchSchedule schedule : {BranchSchedule::merged_stems, BranchSchedule::lockstep})
        expect_error([schedule] { check_recomputable(schedule); },
                     {"recompute", std::string(name_of(schedule))});
}

}  // namespace
}  // namespace unmask
