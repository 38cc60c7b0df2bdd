// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/profile_lines.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "apps/order_statistics.h"

namespace unmask {
namespace {

struct Group {
    ProfileLine line;
    std::vector<double> seconds;  // of each run
};

double floor_of(const Profile& profile, const KernelWork& work) {
    return profile.machine ? floor_seconds(*profile.machine, work.flops, work.bytes) : 0.0;
}

void add(KernelWork& sum, const KernelWork& work) {
    sum.flops += work.flops;
    sum.bytes += work.bytes;
}

ProfileLine empty_line(const CallDescription& call, ProfileGrouping grouping) {
    ProfileLine line{.kernel = call.kernel, .pass = call.pass};
    if (grouping == ProfileGrouping::layer) line.layer = call.layer;
    if (grouping == ProfileGrouping::shape) line.shape = call.shape;
    return line;
}

}  // namespace

std::vector<ProfileLine> profile_lines(const Profile& profile, ProfileGrouping grouping) {
    const size_t runs = profile.step_seconds.size();
    std::map<std::tuple<std::string, std::string, std::string, std::string>, Group> groups;
    for (const auto& [call, seconds] : profile.calls) {
        const ProfileLine line = empty_line(call, grouping);
        Group& group = groups[{line.layer, line.kernel, line.pass, line.shape}];
        if (group.seconds.empty()) group = {line, std::vector<double>(runs)};
        ++group.line.calls;
        add(group.line.work, call.work);
        group.line.floor_seconds += floor_of(profile, call.work);
        for (size_t run = 0; run < runs; ++run) group.seconds[run] += seconds[run];
    }
    const double whole = median(profile.step_seconds);
    std::vector<ProfileLine> lines;
    for (auto& [key, group] : groups) {
        group.line.seconds = median(group.seconds);
        group.line.share = group.line.seconds / whole;
        lines.push_back(group.line);
    }
    std::ranges::stable_sort(lines, std::greater(), &ProfileLine::seconds);
    return lines;
}

ProfileSums profile_sums(const Profile& profile) {
    ProfileSums sums{.step_seconds = median(profile.step_seconds)};
    std::vector<double> kernels(profile.step_seconds.size());
    for (const auto& [call, seconds] : profile.calls) {
        for (size_t run = 0; run < kernels.size(); ++run) kernels[run] += seconds[run];
        add(sums.work, call.work);
        sums.floor_seconds += floor_of(profile, call.work);
    }
    sums.kernel_seconds = median(kernels);
    return sums;
}

}  // namespace unmask
