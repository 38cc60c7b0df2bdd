// SPDX-License-Identifier: Apache-2.0
// The parts of splitting by video: items tied together by identities, and an order that depends on names
// alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/split.h"

namespace unmask {

// Items that are tied together by identities; those with official_rest only among themselves.
struct SplitGroup {
    std::vector<size_t> items;
    std::string name;        // its smallest item's name
    std::string official;    // the official split, or empty
    std::string decided_by;  // an item with that official split
    bool real = false, fake = false;
};

// The groups of all items. Error when two items share a name, or a group has two official splits.
[[nodiscard]] std::vector<SplitGroup> group_items(std::span<const SplitItem> items);

// Where the name comes in the order of a seed.
[[nodiscard]] uint64_t split_hash(const std::string& name, uint64_t seed);

// The groups in the order of their names' hashes.
void order_by_hash(std::vector<const SplitGroup*>& groups, uint64_t seed);

// Deals out what the official test lists leave, groups with official_rest, to "train" and "val". Adds notices
// about items that stay in no split, and about identities that the test lists hold too.
void split_rest(std::span<const SplitItem> items, const std::vector<const SplitGroup*>& groups,
                const SplitOptions& options, SplitResult& result);

}  // namespace unmask
