// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/manifest_warnings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace unmask {
namespace {

// What all rows of one picture, or of one video, say.
struct Seen {
    std::set<std::string> splits;
    std::set<int> labels;
    int64_t rows = 0;

    void add(const ManifestRow& row) {
        if (!row.split.empty()) splits.insert(row.split);
        labels.insert(row.label);
        ++rows;
    }
};

// Counts those for which `wrong` holds and tells of the first.
template <class Key, class Name>
void warn(std::vector<std::string>& warnings, const std::map<Key, Seen>& all, const char* text,
          bool (*wrong)(const Seen&), const Name& name) {
    int64_t count = 0;
    std::string example;
    for (const auto& [key, seen] : all) {
        if (!wrong(seen)) continue;
        if (count++ == 0) example = fmt::format("{} ({})", name(key), fmt::join(seen.splits, ", "));
        if (count == 1 && seen.splits.empty()) example = name(key);
    }
    if (count > 0) warnings.push_back(fmt::format("{} {}, such as {}", count, text, example));
}

}  // namespace

std::vector<std::string> manifest_warnings(const Manifest& manifest, bool forging) {
    std::map<std::string, Seen> pictures;
    std::map<std::tuple<std::string, std::string, std::string>, Seen> videos;
    Seen training, unsplit;
    for (const ManifestRow& row : manifest.rows) {
        pictures[manifest.file(row).lexically_normal().string()].add(row);
        videos[{row.dataset, row.method, row.video}].add(row);
        if (row.split == "train") training.add(row);
        if (row.split.empty()) unsplit.add(row);
    }
    if (training.rows == 0) training = unsplit;

    std::vector<std::string> warnings;
    if (training.labels.size() == 1 && !forging)
        warnings.push_back(
            fmt::format("all {} training rows are {}: a detector learns nothing from one class",
                        training.rows, label_name(*training.labels.begin())));
    const auto itself = [](const std::string& path) { return path; };
    warn(
        warnings, pictures, "pictures have both labels", [](const Seen& s) { return s.labels.size() > 1; },
        itself);
    warn(
        warnings, pictures, "pictures are in several splits (figures of val and test will be too good)",
        [](const Seen& s) { return s.splits.size() > 1; }, itself);
    warn(
        warnings, pictures, "pictures have several rows in one split",
        [](const Seen& s) { return s.rows > int64_t(std::max<size_t>(1, s.splits.size())); }, itself);
    warn(
        warnings, videos, "videos are in several splits (figures of val and test will be too good)",
        [](const Seen& s) { return s.splits.size() > 1; }, [](const auto& key) { return std::get<2>(key); });
    return warnings;
}

}  // namespace unmask
