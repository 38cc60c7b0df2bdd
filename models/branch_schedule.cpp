// SPDX-License-Identifier: Apache-2.0
#include "models/branch_schedule.h"

#include <fmt/ranges.h>

#include <charconv>
#include <iterator>
#include <system_error>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view schedule_names[] = {"auto", "separate", "merged_stems", "lockstep", "parallel"};

}  // namespace

BranchSchedule parse_branch_schedule(std::string_view name) {
    for (size_t i = 0; i < std::size(schedule_names); ++i)
        if (schedule_names[i] == name) return static_cast<BranchSchedule>(i);
    fail("expected a schedule of the branches among {}, found '{}'", fmt::join(schedule_names, ", "), name);
}

std::string_view name_of(BranchSchedule schedule) {
    return schedule_names[static_cast<size_t>(schedule)];
}

int parse_recomputed_stages(std::string_view text) {
    if (text == "none") return no_stage;
    if (text == "all") return every_stage;
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < no_stage || count > every_stage)
        fail("expected how many stages are computed again: none, all or a number up to {}, found '{}'",
             every_stage, text);
    return count;
}

std::string recomputed_stages_text(int count) {
    return count == no_stage ? "none" : count == every_stage ? "all" : std::to_string(count);
}

void check_recomputable(BranchSchedule schedule) {
    if (schedule == BranchSchedule::merged_stems || schedule == BranchSchedule::lockstep)
        fail("recompute: expected a branch schedule of auto, separate or parallel, found {}",
             name_of(schedule));
}

}  // namespace unmask
