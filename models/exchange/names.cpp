// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/names.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace unmask {
namespace {

constexpr std::string_view branches_prefix = "branches.";
constexpr int most_index = 99;

// Beginnings of names; '#' stands for a number, which the paper's code counts from 1 and this project from 0.
struct Beginning {
    std::string_view paper, ours;
};
constexpr std::array beginnings{
    Beginning{"region_model#.", "branches.#."},    Beginning{"local_linear#.", "leave_one_out_heads.#."},
    Beginning{"baseline_linear.", "joint_head."},  Beginning{"linear.1.", "global_head."},
    Beginning{"bottleneck.model.0.", "fusion.0."}, Beginning{"bottleneck.model.1.", "fusion.1."},
    Beginning{"bottleneck.model.4.", "fusion.3."}, Beginning{"bottleneck.model.5.", "fusion.4."},
    Beginning{"bottleneck.model.8.", "fusion.6."}};

// A number at the beginning of the text, which is removed from it.
std::optional<int> take_number(std::string_view& text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || number < 0 || number > most_index) return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return number;
}

std::optional<std::string> renamed(std::string_view name, std::string_view from, std::string_view to,
                                   int shift) {
    const size_t place = from.find('#');
    std::string_view rest = name;
    if (!rest.starts_with(from.substr(0, place))) return {};
    rest.remove_prefix(std::min(place, from.size()));
    if (place == std::string_view::npos) return std::string(to) + std::string(rest);
    const std::optional<int> number = take_number(rest);
    if (!number || *number + shift < 0 || !rest.starts_with(from.substr(place + 1))) return {};
    rest.remove_prefix(from.size() - place - 1);
    const size_t target = to.find('#');
    return fmt::format("{}{}{}{}", to.substr(0, target), *number + shift, to.substr(target + 1), rest);
}

}  // namespace

std::optional<std::string> name_from_paper(std::string_view name) {
    for (const auto& [paper, ours] : beginnings)
        if (auto found = renamed(name, paper, ours, -1)) return found;
    return {};
}

std::optional<std::string> name_in_paper(std::string_view name) {
    for (const auto& [paper, ours] : beginnings)
        if (auto found = renamed(name, ours, paper, 1)) return found;
    return {};
}

std::optional<BranchTensorName> parse_branch_name(std::string_view name) {
    if (!name.starts_with(branches_prefix)) return {};
    name.remove_prefix(branches_prefix.size());
    const std::optional<int> number = take_number(name);
    if (!number || !name.starts_with('.')) return {};
    return BranchTensorName{*number, std::string(name.substr(1))};
}

std::string branch_name(int branch, std::string_view name) {
    return fmt::format("{}{}.{}", branches_prefix, branch, name);
}

bool is_classifier(std::string_view name) {
    return name.starts_with("fc.") || name.starts_with("classifier.");
}

bool is_batch_counter(std::string_view name) {
    return name.ends_with("num_batches_tracked");
}

}  // namespace unmask
