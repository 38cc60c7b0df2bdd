// SPDX-License-Identifier: Apache-2.0
#include "data/split_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// Disjoint sets with path halving.
class DisjointSets {
  public:
    explicit DisjointSets(size_t count) : parent_(count) {
        std::iota(parent_.begin(), parent_.end(), size_t{0});
    }
    size_t find(size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }
    void join(size_t a, size_t b) { parent_[find(a)] = find(b); }

  private:
    std::vector<size_t> parent_;
};

}  // namespace

std::vector<SplitGroup> group_items(std::span<const SplitItem> items) {
    DisjointSets sets(items.size());
    std::map<std::pair<bool, std::string>, size_t> first_with;
    std::set<std::string> names;
    for (size_t i = 0; i < items.size(); ++i) {
        if (!names.insert(items[i].name).second) fail("split: video \"{}\" is there twice", items[i].name);
        for (const std::string& identity : items[i].identities)
            sets.join(
                i,
                first_with.emplace(std::pair(items[i].official == official_rest, identity), i).first->second);
    }
    std::map<size_t, SplitGroup> by_root;
    for (size_t i = 0; i < items.size(); ++i) {
        const SplitItem& item = items[i];
        SplitGroup& group = by_root[sets.find(i)];
        if (group.items.empty() || item.name < group.name) group.name = item.name;
        group.items.push_back(i);
        (item.label == 0 ? group.real : group.fake) = true;
        if (item.official.empty()) continue;
        if (!group.official.empty() && group.official != item.official)
            fail("split: \"{}\" is in the official {} list and \"{}\" in {}, but they share an identity",
                 group.decided_by, group.official, item.name, item.official);
        group.official = item.official;
        group.decided_by = item.name;
    }
    std::vector<SplitGroup> groups;
    for (auto& [root, group] : by_root) groups.push_back(std::move(group));
    return groups;
}

// Over the seed's bytes, the lowest first, and the name, with a final mix so that similar names end up far
// apart.
uint64_t split_hash(const std::string& name, uint64_t seed) {
    std::string text;
    for (int i = 0; i < 8; ++i) text += char(seed >> (8 * i));
    uint64_t value = fnv1a64(text + name);
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdu;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53u;
    return value ^ (value >> 33);
}

void order_by_hash(std::vector<const SplitGroup*>& groups, uint64_t seed) {
    std::ranges::sort(groups, [&](const SplitGroup* a, const SplitGroup* b) {
        return std::pair(split_hash(a->name, seed), a->name) < std::pair(split_hash(b->name, seed), b->name);
    });
}

}  // namespace unmask
