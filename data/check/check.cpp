// SPDX-License-Identifier: Apache-2.0
#include "data/check/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "data/check/check_rows.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

struct KindText {
    FindingKind kind;
    const char* name;
    const char* explanation;
    bool problem;
};

constexpr KindText kind_table[] = {
    {FindingKind::missing_file, "missing_file", "missing files", true},
    {FindingKind::unreadable_file, "unreadable_file", "unreadable files", true},
    {FindingKind::two_labels, "two_labels", "pictures that are called real and fake", true},
    {FindingKind::file_leak, "file_leak", "files on both sides of a split", true},
    {FindingKind::content_leak, "content_leak", "copies of a file on both sides of a split", true},
    {FindingKind::video_leak, "video_leak", "videos on both sides of a split", true},
    {FindingKind::identity_leak, "identity_leak", "identities on both sides of a split", true},
    {FindingKind::same_validation, "same_validation", "validation is the test", true},
    {FindingKind::repeated_file, "repeated_file", "files in several rows of one side", false},
    {FindingKind::repeated_content, "repeated_content", "files of one side with the same content", false},
    {FindingKind::one_class, "one_class", "sides with one class only", false},
    {FindingKind::imbalance, "imbalance", "sides far from balanced", false},
};

const KindText& text_of(FindingKind kind) {
    return *std::ranges::find(kind_table, kind, &KindText::kind);
}

fs::path normal_path(const fs::path& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    return (error ? path : absolute).lexically_normal();
}

// Dataset, method and video, as far as the row names them.
std::string full_name_of_video(const ManifestRow& row) {
    std::string name;
    for (const std::string& part : {row.dataset, row.method, row.video})
        if (!part.empty()) name += (name.empty() ? "" : "/") + part;
    return name;
}

CheckedData collect(const std::vector<Manifest>& manifests) {
    CheckedData data;
    std::map<fs::path, size_t> files;
    for (size_t m = 0; m < manifests.size(); ++m)
        for (const ManifestRow& row : manifests[m].rows) {
            const fs::path path = normal_path(manifests[m].file(row));
            const auto [entry, added] = files.emplace(path, data.files.size());
            if (added) data.files.push_back({path, manifests[m].shard, row.path});
            std::string side = row.split;
            if (side.empty() && manifests.size() > 1) side = m == 0 ? "train" : "test";
            const bool own_video = row.video == row.path;
            data.rows.push_back(
                {&row, entry->second, std::move(side), own_video ? path.string() : full_name_of_video(row)});
        }
    return data;
}

std::vector<SideSummary> summarize(const CheckedData& data) {
    std::vector<SideSummary> summaries;
    for (const std::string side : {"train", "val", "test", ""}) {
        SideSummary summary{side_name(side)};
        std::set<std::string> real, fake;
        for (const CheckedRow& row : data.rows) {
            if (row.side != side) continue;
            ++(row.row->label == 0 ? summary.real_rows : summary.fake_rows);
            (row.row->label == 0 ? real : fake).insert(row.video);
        }
        summary.real_videos = int64_t(real.size());
        summary.fake_videos = int64_t(fake.size());
        if (summary.real_rows + summary.fake_rows > 0) summaries.push_back(std::move(summary));
    }
    return summaries;
}

void add_notices(const CheckedData& data, bool quick, CheckReport& report) {
    const auto without =
        std::ranges::count_if(data.rows, [](const auto& row) { return row.row->identity.empty(); });
    if (without > 0)
        report.notices.push_back(fmt::format(
            "{} of {} rows name no identity: whether their people are on both sides of a split is "
            "not known",
            without, data.rows.size()));
    if (!quick && !comparison_of(data).all_alike)
        report.notices.push_back(
            "shards of several sizes: copies were looked for among pictures of one size alone");
    if (quick) report.notices.push_back("no file was opened: broken files and copies were not looked for");
}

}  // namespace

const char* to_string(FindingKind kind) {
    return text_of(kind).name;
}
const char* explanation(FindingKind kind) {
    return text_of(kind).explanation;
}
bool is_problem(FindingKind kind) {
    return text_of(kind).problem;
}

std::string side_name(const std::string& side) {
    return side.empty() ? "no split" : side;
}

bool CheckReport::has_problem() const {
    return std::ranges::any_of(findings, [](const Finding& finding) { return is_problem(finding.kind); });
}

CheckReport check_manifests(const std::vector<Manifest>& manifests, const CheckOptions& options,
                            const CheckProgress& progress) {
    if (manifests.empty()) fail("expected at least one manifest to check, found none");
    CheckedData data = collect(manifests);
    CheckReport report;
    for (const Manifest& manifest : manifests) report.manifests.push_back(manifest.source);
    report.rows = int64_t(data.rows.size());
    report.files = int64_t(data.files.size());
    report.sides = summarize(data);
    add_notices(data, options.quick, report);
    const auto add = [&](std::vector<Finding> findings) {
        for (Finding& finding : findings) {
            if (finding.items.empty()) continue;
            std::ranges::sort(finding.items, {}, &FindingItem::what);
            report.findings.push_back(std::move(finding));
        }
    };
    add(check_readable(data, options.quick, progress));
    add(check_duplicates(data));
    add(check_leaks(data));
    add(check_balance(report.sides));
    std::ranges::stable_sort(report.findings, {}, &Finding::kind);
    return report;
}

}  // namespace unmask
