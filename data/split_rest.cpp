// SPDX-License-Identifier: Apache-2.0
// What an official test list leaves, dealt out to train and val. In Celeb-DF nearly every person is tied to
// every other by forgeries, so that groups alone would give val no forgery at all.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "data/split_groups.h"

namespace unmask {
namespace {

class Rest {
  public:
    Rest(std::span<const SplitItem> items, const std::vector<const SplitGroup*>& groups,
         const SplitOptions& options, SplitResult& result)
        : items_(items), groups_(groups), seed_(options.seed), result_(result) {
        const double sum = options.train + options.val;
        shares_ = sum > 0 ? std::array{options.train / sum, options.val / sum} : std::array{1.0, 0.0};
    }

    void split() {
        deal_groups();
        if (shares_[0] > 0 && shares_[1] > 0 && !both_have_everything()) deal_identities();
    }

  private:
    void assign(const SplitGroup& group, const char* split) {
        for (size_t i : group.items) result_.splits[i] = split;
    }

    // Groups with both kinds of items, with real and with fake ones only, one kind after the other.
    void deal_groups() {
        std::array<std::vector<const SplitGroup*>, 3> kinds;
        for (const SplitGroup* group : groups_)
            kinds[group->real && group->fake ? 0 : group->real ? 1 : 2].push_back(group);
        for (auto& kind : kinds) {
            order_by_hash(kind, seed_);
            const int64_t training = apportion(int64_t(kind.size()), shares_)[0];
            for (size_t k = 0; k < kind.size(); ++k)
                assign(*kind[k], int64_t(k) < training ? "train" : "val");
        }
    }

    // Whether train and val have real and fake items, as far as there are any.
    [[nodiscard]] bool both_have_everything() const {
        std::array<std::array<bool, 2>, 2> has{};
        for (const SplitGroup* group : groups_)
            for (size_t i : group->items) {
                if (result_.splits[i] == "train") has[0][size_t(items_[i].label)] = true;
                if (result_.splits[i] == "val") has[1][size_t(items_[i].label)] = true;
            }
        return has[0] == has[1];
    }

    // Groups with real and fake items are taken apart by their identities.
    void deal_identities() {
        const std::vector<std::string> before = result_.splits;
        std::vector<const SplitGroup*> mixed;
        std::set<std::string> names;
        for (const SplitGroup* group : groups_) {
            if (!group->real || !group->fake) continue;
            mixed.push_back(group);
            for (size_t i : group->items)
                names.insert(items_[i].identities.begin(), items_[i].identities.end());
        }
        std::vector<std::string> identities(names.begin(), names.end());
        std::ranges::sort(identities, [&](const std::string& a, const std::string& b) {
            return std::pair(split_hash(a, seed_), a) < std::pair(split_hash(b, seed_), b);
        });
        // As few as the share asks for, more as long as val lacks something that train has.
        const int64_t wanted = apportion(int64_t(identities.size()), shares_)[1];
        for (int64_t count = std::max<int64_t>(wanted, 1); 2 * count <= int64_t(identities.size()); ++count) {
            const std::set<std::string> chosen(identities.begin(), identities.begin() + count);
            const size_t left_out = assign_by(mixed, chosen);
            if (!both_have_everything()) continue;
            if (left_out > 0)
                result_.notices.push_back(
                    fmt::format("{} videos show an identity of train together with one of val and are in no "
                                "split: {} of {} "
                                "identities were given to val so that it has real and fake videos",
                                left_out, count, identities.size()));
            return;
        }
        result_.splits = before;
    }

    size_t assign_by(const std::vector<const SplitGroup*>& groups, const std::set<std::string>& validation) {
        size_t left_out = 0;
        for (const SplitGroup* group : groups)
            for (size_t i : group->items) {
                const auto& shown = items_[i].identities;
                const auto inside = std::ranges::count_if(
                    shown, [&](const auto& name) { return validation.count(name) != 0; });
                result_.splits[i] = inside == 0 ? "train" : inside == std::ssize(shown) ? "val" : "";
                left_out += result_.splits[i].empty();
            }
        return left_out;
    }

    std::span<const SplitItem> items_;
    const std::vector<const SplitGroup*>& groups_;
    std::array<double, 2> shares_{};  // of train and of val
    uint64_t seed_;
    SplitResult& result_;
};

// The dataset's own leak, which its protocol has for everyone.
void add_shared_identities(std::span<const SplitItem> items, SplitResult& result) {
    std::set<std::string> tested, rest, shared;
    for (const SplitItem& item : items)
        for (const std::string& identity : item.identities) {
            if (item.official == official_rest) rest.insert(identity);
            if (item.official == "test") tested.insert(identity);
        }
    std::ranges::set_intersection(tested, rest, std::inserter(shared, shared.end()));
    if (!shared.empty())
        result.notices.push_back(
            fmt::format("{} of {} identities of the official test list are also in the videos that it leaves "
                        "for training, such "
                        "as {}: the list separates videos, not people",
                        shared.size(), tested.size(), *shared.begin()));
}

}  // namespace

void split_rest(std::span<const SplitItem> items, const std::vector<const SplitGroup*>& groups,
                const SplitOptions& options, SplitResult& result) {
    Rest(items, groups, options, result).split();
    add_shared_identities(items, result);
}

}  // namespace unmask
