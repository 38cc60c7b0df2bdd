// SPDX-License-Identifier: Apache-2.0
// Dividing videos, or the frames of each video, into train, val and test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/manifest.h"

namespace unmask {

enum class SplitBy {
    video,  // no video and no identity is on two sides
    frame   // the earlier frames of each video train, the later ones test: leaky, for first tries only
};

struct SplitOptions {
    SplitBy by = SplitBy::video;
    double train = 0.72, val = 0.14,
           test = 0.14;  // not negative, sum 1; FaceForensics++: 720, 140, 140 of 1000
    uint64_t seed = 0;
};

// "video" or "frame"; Error for another word.
[[nodiscard]] SplitBy parse_split_by(std::string_view text);

// What an item's `official` says where a dataset's only official list is that of its test videos and the item
// is not in it: train or val, as split_by_video decides.
inline constexpr const char* official_rest = "train or val";

// A video as the splitter sees it.
struct SplitItem {
    std::string name;                     // unique
    int label = 0;                        // 0 real, 1 fake
    std::vector<std::string> identities;  // items with a common identity stay together
    std::string official;                 // the dataset's own split, official_rest, or empty
};

struct SplitResult {
    std::vector<std::string> splits;   // "train", "val" or "test" for each item; "" for one left out
    std::vector<std::string> notices;  // what the user should know, one line each
};

// Splits by video. Items are grouped into the connected components of shared identities; a group with an
// official split gets it (two different ones within a group: Error naming the items), the others are ordered
// by a hash of their name and the seed and dealt out by largest remainder, groups with only real, only fake
// and both kinds apart (together when a split would stay empty), every split with a positive fraction getting
// one as long as there are enough. Items with official_rest form groups of their own, since the official test
// list may hold the same people (a notice counts them), and are dealt to train and val alone; where that
// would leave one of these without real or without fake items, the groups with both are taken apart: their
// identities are dealt out, and an item that shows some of either side is left out. The result does not
// depend on the order of the items.
[[nodiscard]] SplitResult split_by_video(std::span<const SplitItem> items, const SplitOptions& options);

// Splits by frame: in each video of the manifest the rows, ordered by frame, go to train, then val, then
// test. Leaky. Returns the notice that says so.
[[nodiscard]] std::string split_by_frame(Manifest& manifest, const SplitOptions& options);

// Whole numbers that sum to count and are as near as possible to count times the fractions (which sum to 1);
// each positive fraction gets at least one where count allows, earlier ones first, except that with two the
// last positive one goes before the middle one (train and test matter more than val).
[[nodiscard]] std::vector<int64_t> apportion(int64_t count, std::span<const double> fractions);

}  // namespace unmask
