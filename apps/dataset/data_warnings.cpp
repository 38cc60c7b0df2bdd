// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/data_warnings.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "data/check/check.h"
#include "engine/error.h"

namespace unmask {
namespace {

std::string line_of(const Finding& finding) {
    const FindingItem& first = finding.items.front();
    std::string example = first.what;
    if (!first.sides.empty()) example += fmt::format(" ({})", fmt::join(first.sides, ", "));
    return fmt::format("{} ({}), such as {}; see unmask dataset check", explanation(finding.kind),
                       finding.items.size(), example);
}

}  // namespace

std::vector<std::string> data_warnings(const Manifest& manifest) {
    std::vector<std::string> lines;
    for (const Finding& finding : check_manifests({manifest}, {.quick = true}).findings)
        if (is_problem(finding.kind)) lines.push_back(line_of(finding));
    return lines;
}

std::vector<std::string> training_warnings(const Manifest& manifest) {
    std::vector<std::string> lines;
    for (const Finding& finding : check_manifests({manifest}, {.quick = true}).findings)
        if (is_problem(finding.kind) || finding.kind == FindingKind::repeated_file)
            lines.push_back(line_of(finding));
    return lines;
}

void check_both_classes(const Manifest& rows, const std::filesystem::path& file, const std::string& purpose) {
    const auto fakes = std::ranges::count(rows.rows, 1, &ManifestRow::label);
    if (rows.rows.empty() || (fakes > 0 && fakes < std::ssize(rows.rows))) return;
    fail("{}: {} expected real and fake rows, found {} {} alone; {}", file.string(), purpose,
         rows.rows.size(), label_name(fakes == 0 ? 0 : 1),
         fakes == 0 ? "--forge self-blend makes forgeries of real faces" : "real faces are missing");
}

}  // namespace unmask
