// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "data/split_groups.h"
#include "engine/error.h"

namespace unmask {
namespace {

const std::array<std::string, 3> split_names{"train", "val", "test"};

std::array<double, 3> fractions_of(const SplitOptions& options) {
    const std::array<double, 3> fractions{options.train, options.val, options.test};
    const double sum = options.train + options.val + options.test;
    for (double fraction : fractions)
        if (!(fraction >= 0)) fail("split fractions: expected numbers of 0 or more, found {}", fraction);
    if (std::abs(sum - 1) > 1e-6) fail("split fractions: expected a sum of 1, found {}", sum);
    return fractions;
}

bool has_empty_split(const std::vector<std::string>& splits, const std::array<double, 3>& fractions) {
    for (size_t s = 0; s < split_names.size(); ++s)
        if (fractions[s] > 0 && std::find(splits.begin(), splits.end(), split_names[s]) == splits.end())
            return true;
    return false;
}

void add_notices(const std::vector<SplitGroup>& groups, std::span<const SplitItem> items,
                 const SplitOptions& options, SplitResult& result) {
    const std::array<double, 3> fractions = fractions_of(options);
    for (size_t s = 0; s < split_names.size(); ++s) {
        bool real = false, fake = false;
        for (size_t i = 0; i < items.size(); ++i)
            if (result.splits[i] == split_names[s]) (items[i].label == 0 ? real : fake) = true;
        if (fractions[s] > 0 && !real && !fake)
            result.notices.push_back(fmt::format(
                "the {} split is empty: {}; --split-by frame, for a first try, splits within the videos, "
                "which "
                "leaks",
                split_names[s],
                items.size() == 1
                    ? "there is only 1 video"
                    : fmt::format("the {} videos form only {} without a shared identity", items.size(),
                                  groups.size() == 1 ? "1 group" : fmt::format("{} groups", groups.size()))));
        else if (real != fake)
            result.notices.push_back(
                fmt::format("the {} split has only {} videos", split_names[s], real ? "real" : "fake"));
    }
}

}  // namespace

SplitBy parse_split_by(std::string_view text) {
    if (text == "video") return SplitBy::video;
    if (text == "frame") return SplitBy::frame;
    fail("expected a split by video or frame, found \"{}\"", text);
}

std::vector<int64_t> apportion(int64_t count, std::span<const double> fractions) {
    std::vector<int64_t> parts;
    std::vector<size_t> order;
    int64_t given = 0;
    for (size_t i = 0; i < fractions.size(); ++i) {
        // A hair more, so that 0.14 * 50 counts as 7.
        parts.push_back(int64_t(std::floor(double(count) * fractions[i] + 1e-9)));
        given += parts.back();
        order.push_back(i);
    }
    const auto remainder = [&](size_t i) { return double(count) * fractions[i] - double(parts[i]); };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return remainder(a) > remainder(b); });
    for (size_t k = 0; given < count; ++k, ++given) ++parts[order[k % order.size()]];

    // Whoever is left with nothing takes one from the largest, first the first, then the last, then those
    // between.
    std::vector<size_t> positive;
    for (size_t i = 0; i < fractions.size(); ++i)
        if (fractions[i] > 0) positive.push_back(i);
    if (positive.size() > 2) std::rotate(positive.begin() + 1, positive.end() - 1, positive.end());
    int64_t able = count;  // as many parts as there is something for
    for (size_t i : positive) {
        if (able-- <= 0) break;
        if (parts[i] > 0) continue;
        // A part of one that comes later in this order may lose it.
        const auto largest = std::max_element(parts.begin(), parts.end());
        const size_t from = *largest > 1 ? size_t(largest - parts.begin())
                                         : *std::find_if(positive.rbegin(), positive.rend(),
                                                         [&](size_t k) { return parts[k] > 0; });
        --parts[from];
        ++parts[i];
    }
    return parts;
}

SplitResult split_by_video(std::span<const SplitItem> items, const SplitOptions& options) {
    const std::array<double, 3> fractions = fractions_of(options);
    SplitResult result{std::vector<std::string>(items.size()), {}};
    const std::vector<SplitGroup> groups = group_items(items);
    const auto assign = [&](const SplitGroup& group, const std::string& split) {
        for (size_t i : group.items) result.splits[i] = split;
    };
    // Groups with real videos only, with forgeries only and with both are dealt out one kind after the other.
    std::array<std::vector<const SplitGroup*>, 3> kinds;
    std::vector<const SplitGroup*> rest;
    size_t official = 0;
    for (const SplitGroup& group : groups) {
        if (group.official == official_rest) {
            rest.push_back(&group);
            continue;
        }
        if (group.official.empty()) {
            kinds[group.real && group.fake ? 0 : group.real ? 1 : 2].push_back(&group);
            continue;
        }
        assign(group, group.official);
        official += group.items.size();
    }
    const auto deal = [&](std::vector<const SplitGroup*> kind) {
        order_by_hash(kind, options.seed);
        const std::vector<int64_t> counts = apportion(int64_t(kind.size()), fractions);
        size_t next = 0;
        for (size_t s = 0; s < split_names.size(); ++s)
            for (int64_t k = 0; k < counts[s]; ++k) assign(*kind[next++], split_names[s]);
    };
    std::for_each(kinds.begin(), kinds.end(), deal);
    if (official == 0 && rest.empty() && has_empty_split(result.splits, fractions)) {
        // Too few of each kind to go around: all kinds together may still reach every split.
        std::vector<const SplitGroup*> all;
        for (const auto& kind : kinds) all.insert(all.end(), kind.begin(), kind.end());
        deal(std::move(all));
    }
    if (official > 0)
        result.notices.push_back(fmt::format("{} of {} videos are split by the dataset's official lists{}",
                                             official, items.size(),
                                             official < items.size() ? ", the others by hash" : ""));
    if (!rest.empty()) split_rest(items, rest, options, result);
    add_notices(groups, items, options, result);
    return result;
}

std::string split_by_frame(Manifest& manifest, const SplitOptions& options) {
    const std::array<double, 3> fractions = fractions_of(options);
    std::map<std::tuple<std::string, std::string, std::string>, std::vector<ManifestRow*>> videos;
    for (ManifestRow& row : manifest.rows) videos[{row.dataset, row.method, row.video}].push_back(&row);
    for (auto& [id, rows] : videos) {
        std::stable_sort(rows.begin(), rows.end(),
                         [](const ManifestRow* a, const ManifestRow* b) { return a->frame < b->frame; });
        const std::vector<int64_t> counts = apportion(int64_t(rows.size()), fractions);
        size_t next = 0;
        for (size_t s = 0; s < split_names.size(); ++s)
            for (int64_t k = 0; k < counts[s]; ++k) rows[next++]->split = split_names[s];
    }
    return "split by frame: every video is on all sides, so that results are far too good; for first tries "
           "only";
}

}  // namespace unmask
