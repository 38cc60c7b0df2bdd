// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/profile_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/counted.h"
#include "apps/json_text.h"
#include "apps/progress.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

std::string name_of(const ProfileLine& line, ProfileGrouping grouping) {
    if (grouping == ProfileGrouping::layer) return line.layer;
    return grouping == ProfileGrouping::shape ? line.shape : std::string();
}

std::string rate(double amount, double seconds) {
    return amount > 0 && seconds > 0 ? fmt::format("{:.1f}", amount / seconds / 1e9) : "-";
}

// Milliseconds, share, rates and floor: the columns that all lines have.
std::string figures(double seconds, double share, const KernelWork& work, double floor) {
    return fmt::format("{:>9.3f} {:>5.1f}% {:>8} {:>7} {:>9} {:>7}", seconds * 1e3, share * 100,
                       rate(work.flops, seconds), rate(work.bytes, seconds),
                       floor > 0 ? fmt::format("{:.3f}", floor * 1e3) : "-",
                       floor > 0 ? fmt::format("{:.2f}", seconds / floor) : "-");
}

std::string table(const std::vector<ProfileLine>& lines, ProfileGrouping grouping, int top) {
    const std::string title = grouping == ProfileGrouping::layer   ? "layer"
                              : grouping == ProfileGrouping::shape ? "shape"
                                                                   : "";
    const size_t shown = top > 0 ? std::min(lines.size(), size_t(top)) : lines.size();
    size_t name = title.size(), kernel = 6;
    for (size_t i = 0; i < shown; ++i) {
        name = std::max(name, name_of(lines[i], grouping).size());
        kernel = std::max(kernel, lines[i].kernel.size());
    }
    std::string text = fmt::format("{:<{}}{}{:<{}} {:<8} {:>5} {:>9} {:>6} {:>8} {:>7} {:>9} {:>7}\n", title,
                                   name, name > 0 ? "  " : "", "kernel", kernel, "pass", "calls", "ms",
                                   "share", "GFLOP/s", "GB/s", "floor ms", "x floor");
    for (size_t i = 0; i < shown; ++i) {
        const ProfileLine& line = lines[i];
        text += fmt::format("{:<{}}{}{:<{}} {:<8} {:>5} {}\n", name_of(line, grouping), name,
                            name > 0 ? "  " : "", line.kernel, kernel, line.pass, line.calls,
                            figures(line.seconds, line.share, line.work, line.floor_seconds));
    }
    if (shown == lines.size()) return text;
    double seconds = 0, share = 0;
    for (size_t i = shown; i < lines.size(); ++i) {
        seconds += lines[i].seconds;
        share += lines[i].share;
    }
    return text +
           fmt::format("and {} more: {:.3f} ms, {:.1f}%\n", lines.size() - shown, seconds * 1e3, share * 100);
}

std::string headline(const Profile& profile, const BenchOptions& options) {
    const DetectorOptions& model = options.train.model;
    std::string text =
        fmt::format("{} {} x{} width {} size {} batch {}, {}, median of {}", options.mode, model.backbone,
                    model.branches, model.width, model.size, options.batch,
                    counted(options.threads, "thread", "threads"), counted(options.runs, "step", "steps"));
    if (profile.machine)
        text += fmt::format("; this machine: {:.0f} GFLOP/s, {:.1f} GB/s copied",
                            profile.machine->flops / 1e9, profile.machine->bytes / 1e9);
    return text;
}

std::string memory_line(const Profile& profile) {
    std::string text = "peak memory " + bytes_text(profile.peak_bytes);
    if (profile.needed_bytes > 0)
        text += fmt::format(", {:.2f} x the {} that backward needs",
                            double(profile.peak_bytes) / double(profile.needed_bytes),
                            bytes_text(profile.needed_bytes));
    return text;
}

Json json_of(const KernelWork& work, double floor) {
    return {{"flops", work.flops},
            {"bytes", work.bytes},
            {"floor_seconds", floor > 0 ? Json(floor) : Json(nullptr)}};
}

Json json_of(const std::vector<ProfileLine>& lines) {
    Json array = Json::array();
    for (const ProfileLine& line : lines) {
        Json entry = Json::object();
        if (!line.layer.empty()) entry["layer"] = line.layer;
        if (!line.shape.empty()) entry["shape"] = line.shape;
        entry.update({{"kernel", line.kernel},
                      {"pass", line.pass},
                      {"calls", line.calls},
                      {"seconds", line.seconds},
                      {"share", line.share}});
        entry.update(json_of(line.work, line.floor_seconds));
        array.push_back(std::move(entry));
    }
    return array;
}

}  // namespace

std::string profile_text(const Profile& profile, const BenchOptions& options, ProfileGrouping grouping,
                         int top) {
    const ProfileSums sums = profile_sums(profile);
    const double outside = sums.step_seconds - sums.kernel_seconds;
    const auto line = [&](const char* name, double seconds, const KernelWork& work, double floor) {
        return fmt::format("{:<16} {}\n", name, figures(seconds, seconds / sums.step_seconds, work, floor));
    };
    std::string text = headline(profile, options) + "\n\n";
    if (grouping != ProfileGrouping::kernel)
        text += table(profile_lines(profile, grouping), grouping, top) + "\n";
    text += table(profile_lines(profile, ProfileGrouping::kernel), ProfileGrouping::kernel,
                  grouping == ProfileGrouping::kernel ? top : 0);
    text += "\n" + line("all kernels", sums.kernel_seconds, sums.work, sums.floor_seconds);
    text += line("outside of them", outside, {}, 0);
    text += line("the whole step", sums.step_seconds, sums.work, sums.floor_seconds);
    return text + memory_line(profile);
}

std::string profile_answer(const Profile& profile, const BenchOptions& options, ProfileGrouping grouping) {
    const DetectorOptions& model = options.train.model;
    const ProfileSums sums = profile_sums(profile);
    Json json{{"mode", options.mode},
              {"backbone", model.backbone},
              {"branches", model.branches},
              {"width", model.width},
              {"size", model.size},
              {"batch", options.batch},
              {"threads", options.threads},
              {"device", unmask::name_of(options.train.compute.device)},
              {"precision", std::string(unmask::name_of(options.train.compute.precision))},
              {"schedule", std::string(unmask::name_of(options.train.compute.schedule))},
              {"winograd", std::string(unmask::name_of(options.train.compute.winograd))},
              {"recompute", recomputed_stages_text(options.train.compute.recomputed_stages)},
              {"runs", options.runs},
              {"seconds", sums.step_seconds},
              {"kernel_seconds", sums.kernel_seconds}};
    json.update(json_of(sums.work, sums.floor_seconds));
    json["machine"] = profile.machine ? Json{{"flops_per_second", profile.machine->flops},
                                             {"bytes_per_second", profile.machine->bytes}}
                                      : Json(nullptr);
    json["peak_bytes"] = profile.peak_bytes;
    json["needed_bytes"] = profile.needed_bytes > 0 ? Json(profile.needed_bytes) : Json(nullptr);
    if (grouping != ProfileGrouping::kernel) json["lines"] = json_of(profile_lines(profile, grouping));
    json["kernels"] = json_of(profile_lines(profile, ProfileGrouping::kernel));
    return json_text(json);
}

}  // namespace unmask
