// SPDX-License-Identifier: Apache-2.0
// How a detector goes through its branches, and which of their stages backward computes again: matters of
// time and memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unmask {

// automatic: parallel in work recorded on the CPU and in inference of several branches on up to 8 images (of
// 224 x 224) on a GPU, separate elsewhere (where commands measure it on a GPU, see apps/schedule_choice.h,
// they set what they chose). separate: branch by branch.
// merged_stems: the branches' first convolutions and norms as one, since they see the same image, then branch
// by branch. lockstep: layer by layer, the convolutions of the branches one after the other, their norms in
// one call. parallel: each branch a chain of its own that the device may run beside the others (a GPU; the
// CPU in recorded work, see engine/recording.h). merged_stems rounds otherwise. The others give the same
// bytes, but in training on the CPU with oneDNN, whose sums for a weight's gradient depend on the threads
// that a kernel has: one for branches that run side by side, else all.
enum class BranchSchedule : uint8_t { automatic, separate, merged_stems, lockstep, parallel };

// "auto", "separate", "merged_stems", "lockstep", "parallel"; Error lists them when there is no such name.
[[nodiscard]] BranchSchedule parse_branch_schedule(std::string_view name);
[[nodiscard]] std::string_view name_of(BranchSchedule schedule);

// How many of each branch's stages, from the image on, backward runs again instead of keeping what is within
// them: the first have the largest maps. As text "none", a number, or "all".
constexpr int no_stage = 0, every_stage = 64;
// Error for another text.
[[nodiscard]] int parse_recomputed_stages(std::string_view text);
[[nodiscard]] std::string recomputed_stages_text(int count);

// Error for a schedule whose branches' stages cannot run again in backward: they are not each by itself.
void check_recomputable(BranchSchedule schedule);

}  // namespace unmask
