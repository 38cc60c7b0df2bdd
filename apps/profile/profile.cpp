// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/profile.h"

#include <chrono>

#include "apps/profile/needed_memory.h"
#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {
namespace {

std::vector<ProfiledCall> calls_of_a_step(BenchWork& work) {
    const LayerNames names(work.named_tensors());
    CallLister lister(names);
    work.step();
    work.synchronize();
    std::vector<ProfiledCall> calls;
    for (const CallDescription& call : lister.calls()) calls.push_back({.call = call, .seconds = {}});
    return calls;
}

void time_step(Profile& profile, Context& context, BenchWork& work) {
    CallTimer timer(context);
    const auto begin = std::chrono::steady_clock::now();
    work.step();
    work.synchronize();
    const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
    profile.step_seconds.push_back(whole.count());
    if (timer.seconds().size() != profile.calls.size())
        fail("profile: expected {} kernel calls in every step, found {} in one", profile.calls.size(),
             timer.seconds().size());
    for (size_t i = 0; i < profile.calls.size(); ++i) profile.calls[i].seconds.push_back(timer.seconds()[i]);
}

}  // namespace

Profile run_profile(BenchOptions options, const std::optional<MachinePeak>& machine) {
    const Device device = options.train.compute.device;
    options.graph = options.graph && device.type == DeviceType::cpu && options.mode != "train";
    Context& context = *context_of(device);
    BenchWork work(options);
    Profile profile{.machine = machine};
    UNMASK_ASSERT(options.warm_up >= least_profile_warm_up);
    const int runs = options.warm_up + options.runs;
    Progress progress("profile " + options.mode, runs, "runs");
    work.record();
    if (options.mode == "train") profile.needed_bytes = needed_by_backward(work);
    for (int i = 0; i < options.warm_up; ++i) {
        work.step();
        work.synchronize();
        progress.update(i + 1);
    }
    profile.calls = calls_of_a_step(work);
    context.reset_peak();
    for (int i = 0; i < options.runs; ++i) {
        time_step(profile, context, work);
        progress.update(options.warm_up + i + 1);
    }
    profile.peak_bytes = int64_t(context.memory().peak_bytes);
    return profile;
}

}  // namespace unmask
