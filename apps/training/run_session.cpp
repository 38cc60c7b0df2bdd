// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_session.h"

#include <fmt/format.h>

#include "apps/build_information.h"
#include "engine/libraries.h"

namespace unmask {
namespace {

void compare(std::vector<std::string>& found, const std::string& name, const std::string& then,
             const std::string& now) {
    if (then != now) found.push_back(fmt::format("{} was {}, is {}", name, then, now));
}

void compare_all(std::vector<std::string>& found, const std::map<std::string, std::string>& then,
                 const std::map<std::string, std::string>& now) {
    const auto value = [](const std::map<std::string, std::string>& values, const std::string& name) {
        const auto place = values.find(name);
        return place == values.end() ? std::string("none") : place->second;
    };
    std::map<std::string, std::string> names = now;
    names.insert(then.begin(), then.end());
    for (const auto& [name, ignored] : names) compare(found, name, value(then, name), value(now, name));
}

// The schedules that round alike, by the name of one: see BranchSchedule. On a GPU `auto` may have taken any.
std::string_view rounding_of(const RunSession& session) {
    const BranchSchedule schedule = parse_branch_schedule(session.schedule);
    if (schedule == BranchSchedule::merged_stems) return name_of(schedule);
    const bool on_cpu = session.device == name_of(cpu_device);
    if (!on_cpu && session.processes == 1 && schedule == BranchSchedule::automatic) return name_of(schedule);
    const bool side_by_side = on_cpu && session.processes == 1 &&
                              (schedule == BranchSchedule::automatic || schedule == BranchSchedule::parallel);
    return name_of(side_by_side ? BranchSchedule::parallel : BranchSchedule::separate);
}

}  // namespace

RunSession current_session(int threads, int processes, const Compute& compute, bool deterministic) {
    const auto build = build_information(), libraries = library_versions();
    return {.version = version(),
            .build = {build.begin(), build.end()},
            .libraries = {libraries.begin(), libraries.end()},
            .threads = threads,
            .processes = processes,
            .device = name_of(compute.device),
            .precision = std::string(name_of(compute.precision)),
            .schedule = std::string(name_of(compute.schedule)),
            .winograd = std::string(name_of(compute.winograd)),
            .recompute = recomputed_stages_text(compute.recomputed_stages),
            .deterministic = deterministic};
}

SessionDifferences differences(const RunSession& then, const RunSession& now) {
    SessionDifferences result;
    compare(result.program, "version", then.version, now.version);
    compare_all(result.program, then.build, now.build);
    compare_all(result.libraries, then.libraries, now.libraries);
    compare(result.device, "device", then.device, now.device);
    compare(result.device, "precision", then.precision, now.precision);
    if (rounding_of(then) != rounding_of(now))
        compare(result.device, "schedule", then.schedule, now.schedule);
    if (now.device == name_of(cpu_device)) compare(result.device, "winograd", then.winograd, now.winograd);
    compare(result.device, "deterministic", fmt::format("{}", then.deterministic),
            fmt::format("{}", now.deterministic));
    const auto compare_numbers = [&](const std::string& name, int before, int after) {
        compare(result.processes, name, fmt::format("{}", before), fmt::format("{}", after));
    };
    compare_numbers("processes", then.processes, now.processes);
    if (now.device == name_of(cpu_device)) compare_numbers("threads", then.threads, now.threads);
    return result;
}

}  // namespace unmask
