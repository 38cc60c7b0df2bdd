// SPDX-License-Identifier: Apache-2.0
#include "apps/commands/split_options.h"

#include <CLI/CLI.hpp>

#include "apps/number_range.h"
#include "apps/option_value.h"
#include "data/manifest.h"
#include "engine/error.h"

namespace unmask {
namespace {

// The text, with a small letter where it follows something.
std::string after(const std::string& where, std::string text) {
    if (!where.empty()) text[0] = char(std::tolower(static_cast<unsigned char>(text[0])));
    return where + text;
}

}  // namespace

void add_split_options(CLI::App& app, SplitArguments& arguments, const std::string& what,
                       const std::string& where) {
    app.add_option("--label", arguments.label,
                   "real or fake: the label of " + what + ", instead of the folders'");
    app.add_option(
           "--pictures", arguments.pictures,
           after(where,
                 "Pictures in folders of no known dataset: frames of one clip, photos that stand each "
                 "for itself, or auto: frames where they are numbered"))
        ->option_text("auto|photos|frames")
        ->capture_default_str();
    app.add_option("--split-by", arguments.split_by,
                   where + "video (identities kept apart) or frame (leaky, for first tries only)")
        ->capture_default_str();
    app.add_option("--split", arguments.fractions,
                   after(where, "Shares of train, val and test, such as 0.72,0.14,0.14"))
        ->delimiter(',')
        ->expected(3)
        ->check(number_range(0, 1));
    app.add_option("--seed", arguments.seed, after(where, "Seed of the split"))
        ->capture_default_str()
        ->check(seed_range());
}

std::optional<int> label_of(const SplitArguments& arguments) {
    if (arguments.label.empty()) return {};
    const int label = parse_label(arguments.label);
    if (label < 0) fail("--label expected real or fake, found \"{}\"", arguments.label);
    return label;
}

PictureRule picture_rule_of(const SplitArguments& arguments) {
    return option_value("--pictures", parse_picture_rule, arguments.pictures);
}

SplitOptions split_of(const SplitArguments& arguments) {
    SplitOptions split;
    split.by = option_value("--split-by", parse_split_by, arguments.split_by);
    split.seed = arguments.seed;
    if (!arguments.fractions.empty()) {
        split.train = arguments.fractions[0];
        split.val = arguments.fractions[1];
        split.test = arguments.fractions[2];
    }
    return split;
}

}  // namespace unmask
