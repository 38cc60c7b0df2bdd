// SPDX-License-Identifier: Apache-2.0
// The options of commands that find videos in folders: --label, --split-by, --split and --seed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/layouts/picture_folders.h"
#include "data/split.h"

namespace CLI {
class App;
}

namespace unmask {

struct SplitArguments {
    std::string label, pictures = "auto", split_by = "video";
    std::vector<double> fractions;  // of train, val and test; empty: the usual ones
    uint64_t seed = SplitOptions{}.seed;
};

// `what` is labelled, such as "everything"; `where` begins the other texts ("", or "Of folders: ").
void add_split_options(CLI::App& app, SplitArguments& arguments, const std::string& what,
                       const std::string& where);

// The label of everything, nothing where the folders say it. Error for another word than real or fake.
[[nodiscard]] std::optional<int> label_of(const SplitArguments& arguments);
// Error for an unknown rule.
[[nodiscard]] PictureRule picture_rule_of(const SplitArguments& arguments);
// Error for an unknown way to split.
[[nodiscard]] SplitOptions split_of(const SplitArguments& arguments);

}  // namespace unmask
