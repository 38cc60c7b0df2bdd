// SPDX-License-Identifier: Apache-2.0
// Which schedule of a detector's branches is the fastest for some work: on a GPU each that may be taken is
// measured once, recorded if the work is recorded, and the choice kept with the device's other choices by
// timing (Context::tuning), so that a resumed run takes the same. In deterministic training only schedules
// that give the same bytes are measured, so that timing never changes what is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "apps/compute.h"

namespace unmask {

// What of the work decides which schedule is the fastest, beside the detector's options.
struct ScheduledWork {
    bool training = false;
    int64_t batch = 1, channels = 3;     // of the images
    int64_t trained = 0;                 // parameters that are trained, in training
    bool recorded = true;                // into a CUDA graph
    std::function<void()> run;           // enqueues it with the detector's schedule
    std::function<void()> undo = [] {};  // what it changed
};

// compute.schedule; where that is `auto` on a GPU, algorithms are timed (ComputeMode) and there are several
// branches, the fastest, chosen now or before: the plainest among those that are about as fast. Leaves out,
// with a warning, a schedule that memory does not suffice for; OutOfMemory where it suffices for none. Any
// other error of the work passes. Undoes the work and forgets the peak of its memory.
[[nodiscard]] BranchSchedule choose_schedule(Detector& detector, const Compute& compute,
                                             const ScheduledWork& work);

}  // namespace unmask
