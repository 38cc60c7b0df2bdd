// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/data_warnings.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "data/check/check.h"

namespace unmask {
namespace {

std::string line_of(const Finding& finding) {
    const FindingItem& first = finding.items.front();
    std::string example = first.what;
    if (!first.sides.empty()) example += fmt::format(" ({})", fmt::join(first.sides, ", "));
    return fmt::format("{} ({}), such as {}; see unmask dataset check", explanation(finding.kind),
                       finding.items.size(), example);
}

// The side that training reads: the rows without a split where there is no other.
const SideSummary* training_side(const CheckReport& report) {
    for (const SideSummary& side : report.sides)
        if (side.name == "train" || report.sides.size() == 1) return &side;
    return nullptr;
}

}  // namespace

std::vector<std::string> data_warnings(const Manifest& manifest) {
    std::vector<std::string> lines;
    for (const Finding& finding : check_manifests({manifest}, {.quick = true}).findings)
        if (is_problem(finding.kind)) lines.push_back(line_of(finding));
    return lines;
}

std::vector<std::string> training_warnings(const Manifest& manifest, bool forging) {
    const CheckReport report = check_manifests({manifest}, {.quick = true});
    std::vector<std::string> lines;
    const SideSummary* training = training_side(report);
    if (!forging && training != nullptr && std::min(training->real_rows, training->fake_rows) == 0)
        lines.push_back(fmt::format("all {} training rows are {}: a detector learns nothing from one class",
                                    training->real_rows + training->fake_rows,
                                    label_name(training->real_rows > 0 ? 0 : 1)));
    for (const Finding& finding : report.findings)
        if (is_problem(finding.kind) || finding.kind == FindingKind::repeated_file)
            lines.push_back(line_of(finding));
    return lines;
}

}  // namespace unmask
