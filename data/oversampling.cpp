// SPDX-License-Identifier: Apache-2.0
#include "data/oversampling.h"

#include <algorithm>
#include <charconv>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr int most_times = 1000;

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Oversampling parse_rule(std::string_view rule) {
    const size_t slash = rule.find('/'), equals = rule.rfind('=');
    int times = -1;
    if (slash != std::string_view::npos && equals != std::string_view::npos && slash < equals) {
        const std::string_view number = trimmed(rule.substr(equals + 1));
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), times);
        if (error != std::errc() || end != number.data() + number.size()) times = -1;
    }
    if (times < 0 || times > most_times)
        fail("oversample: expected DATASET/METHOD=TIMES with times from 0 to {}, found \"{}\"", most_times,
             rule);
    return {std::string(trimmed(rule.substr(0, slash))),
            std::string(trimmed(rule.substr(slash + 1, equals - slash - 1))), times};
}

bool fits(const Oversampling& rule, const ManifestRow& row) {
    return (rule.dataset.empty() || rule.dataset == row.dataset) &&
           (rule.method.empty() || rule.method == row.method);
}

}  // namespace

std::vector<Oversampling> parse_oversampling(std::string_view text) {
    std::vector<Oversampling> rules;
    if (trimmed(text).empty()) return rules;
    for (;;) {
        const size_t comma = text.find(',');
        rules.push_back(parse_rule(trimmed(text.substr(0, comma))));
        if (comma == std::string_view::npos) return rules;
        text.remove_prefix(comma + 1);
    }
}

std::vector<int> times_of(std::span<const ManifestRow> rows, std::span<const Oversampling> rules, int real) {
    std::vector<int> times(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) times[i] = rows[i].label == 0 ? real : 1;
    for (const Oversampling& rule : rules) {
        bool found = false;
        for (size_t i = 0; i < rows.size(); ++i)
            if (fits(rule, rows[i])) {
                times[i] = rule.times;
                found = true;
            }
        if (!found)
            fail("oversample: no picture to train on has dataset \"{}\" and method \"{}\" (empty: any)",
                 rule.dataset, rule.method);
    }
    if (!rows.empty() && std::ranges::all_of(times, [](int n) { return n == 0; }))
        fail("oversample: every picture to train on would be left out");
    return times;
}

}  // namespace unmask
