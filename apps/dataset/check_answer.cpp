// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/check_answer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "apps/counted.h"
#include "apps/json_text.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

std::string item_text(const FindingItem& item, FindingKind kind) {
    std::string text = item.what;
    if (!item.sides.empty() && item.what != item.sides.front())
        text += fmt::format(" ({})", fmt::join(item.sides, ", "));
    if (item.detail.empty()) return text;
    switch (kind) {
        case FindingKind::missing_file:
            return text + "; nearest: " + item.detail;
        case FindingKind::content_leak:
        case FindingKind::repeated_content:
            return text + " = " + item.detail;
        default:
            return text + ": " + item.detail;
    }
}

}  // namespace

std::string check_text(const CheckReport& report, size_t shown) {
    std::string text = fmt::format("{:<10}{:>12}{:>12}{:>12}{:>12}\n", "", "real rows", "fake rows",
                                   "real videos", "fake videos");
    for (const SideSummary& side : report.sides)
        text += fmt::format("{:<10}{:>12}{:>12}{:>12}{:>12}\n", side.name, side.real_rows, side.fake_rows,
                            side.real_videos, side.fake_videos);
    for (const Finding& finding : report.findings) {
        text += fmt::format("\n{}: {} ({})\n", is_problem(finding.kind) ? "PROBLEM" : "warning",
                            explanation(finding.kind), finding.items.size());
        for (size_t i = 0; i < std::min(shown, finding.items.size()); ++i)
            text += "  " + item_text(finding.items[i], finding.kind) + "\n";
        if (finding.items.size() > shown)
            text += fmt::format("  … and {} more (--json has them all)\n", finding.items.size() - shown);
    }
    return text + fmt::format("\n{}, {}: {}\n", counted(report.rows, "row", "rows"),
                              counted(report.files, "file", "files"),
                              report.has_problem()      ? "NOT fit for training and testing as it is"
                              : report.findings.empty() ? "nothing found"
                                                        : "no problem found");
}

std::string check_answer(const CheckReport& report) {
    Json manifests = Json::array(), sides = Json::array(), findings = Json::array();
    for (const auto& manifest : report.manifests) manifests.push_back(manifest.string());
    for (const SideSummary& side : report.sides)
        sides.push_back({{"name", side.name},
                         {"real_rows", side.real_rows},
                         {"fake_rows", side.fake_rows},
                         {"real_videos", side.real_videos},
                         {"fake_videos", side.fake_videos}});
    for (const Finding& finding : report.findings) {
        Json items = Json::array();
        for (const FindingItem& item : finding.items)
            items.push_back({{"what", item.what}, {"sides", item.sides}, {"detail", item.detail}});
        findings.push_back({{"kind", to_string(finding.kind)},
                            {"problem", is_problem(finding.kind)},
                            {"count", finding.items.size()},
                            {"items", std::move(items)}});
    }
    const Json answer{{"clean", !report.has_problem()},
                      {"manifests", std::move(manifests)},
                      {"rows", report.rows},
                      {"files", report.files},
                      {"sides", std::move(sides)},
                      {"findings", std::move(findings)},
                      {"notices", report.notices}};
    return json_text(answer);
}

}  // namespace unmask
