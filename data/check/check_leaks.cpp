// SPDX-License-Identifier: Apache-2.0
// What training would know of the rows that it is validated and tested on, and how the classes are balanced.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/check/check_rows.h"

namespace unmask {
namespace {

using SidesOf = std::map<std::string, std::set<std::string>>;

Finding shared(FindingKind kind, const SidesOf& sides_of) {
    Finding finding{kind, {}};
    for (const auto& [name, sides] : sides_of)
        if (sides.size() > 1) finding.items.push_back({name, {sides.begin(), sides.end()}, ""});
    return finding;
}

// Validation chooses the model: where it holds the videos of the test, the test has been trained on.
Finding same_validation(const SidesOf& videos) {
    int64_t both = 0, validation = 0, test = 0;
    for (const auto& [video, sides] : videos) {
        validation += sides.count("val") != 0;
        test += sides.count("test") != 0;
        both += sides.count("val") != 0 && sides.count("test") != 0;
    }
    Finding finding{FindingKind::same_validation, {}};
    if (both > 0 && both == validation && both == test)
        finding.items.push_back({"val", {"test", "val"}, fmt::format("the same {} videos", both)});
    return finding;
}

}  // namespace

std::vector<Finding> check_leaks(const CheckedData& data) {
    SidesOf videos, identities;
    std::map<std::string, std::vector<std::string>> split_once;  // many rows say the same
    for (const CheckedRow& row : data.rows) {
        if (row.side.empty()) continue;
        videos[row.video].insert(row.side);
        const auto [entry, added] = split_once.try_emplace(row.row->identity);
        if (added) entry->second = split_identities(row.row->identity);
        for (const std::string& identity : entry->second) identities[identity].insert(row.side);
    }
    return {shared(FindingKind::video_leak, videos), shared(FindingKind::identity_leak, identities),
            same_validation(videos)};
}

std::vector<Finding> check_balance(const std::vector<SideSummary>& sides) {
    Finding one{FindingKind::one_class, {}}, uneven{FindingKind::imbalance, {}};
    for (const SideSummary& side : sides) {
        // What was left out of the splits is in no use.
        if (side.name == side_name("") && sides.size() > 1) continue;
        const auto [fewer, more] = std::minmax(side.real_rows, side.fake_rows);
        const std::string text = fmt::format("{} real and {} fake rows", side.real_rows, side.fake_rows);
        if (fewer == 0)
            one.items.push_back({side.name, {side.name}, text});
        else if (double(more) > largest_imbalance * double(fewer))
            uneven.items.push_back({side.name, {side.name}, text});
    }
    return {one, uneven};
}

}  // namespace unmask
