// SPDX-License-Identifier: Apache-2.0
// The kinds of settings, each bound to the variable that it sets; for the table in train_settings.cpp.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "apps/settings/settings.h"
#include "engine/error.h"

namespace unmask::setting_kinds {

inline constexpr double unbounded = std::numeric_limits<double>::infinity();
inline constexpr int64_t most = std::numeric_limits<int64_t>::max();

// Where a setting stands and what it does.
struct Name {
    const char* section;
    std::string name, text;
};

inline Setting make(Name name, SettingType type, std::string expected) {
    return {name.section, std::move(name.name), std::move(name.text), type, std::move(expected), {}, {}};
}

inline Setting boolean(Name name, bool& target) {
    Setting setting = make(std::move(name), SettingType::boolean, "true or false");
    setting.set = [&target](const SettingValue& value) { target = std::get<bool>(value); };
    setting.get = [&target] { return target; };
    return setting;
}

template <class Integer>
Setting integer(Name name, Integer& target, int64_t low, int64_t high = most) {
    Setting setting = make(std::move(name), SettingType::integer,
                           high == most ? fmt::format("a whole number of at least {}", low)
                                        : fmt::format("a whole number from {} to {}", low, high));
    if constexpr (sizeof(Integer) < sizeof(int64_t))
        high = std::min<int64_t>(high, std::numeric_limits<Integer>::max());
    setting.set = [&target, low, high, expected = setting.expected](const SettingValue& value) {
        const int64_t number = std::get<int64_t>(value);
        if (number < low || number > high) fail("expected {}, found {}", expected, number);
        target = Integer(number);
    };
    setting.get = [&target] { return int64_t(target); };
    return setting;
}

// A number behind functions.
inline Setting number(Name name, double low, double high, std::function<double()> get,
                      std::function<void(double)> set) {
    Setting setting = make(std::move(name), SettingType::number,
                           high == unbounded ? fmt::format("a number of at least {}", low)
                                             : fmt::format("a number from {} to {}", low, high));
    setting.set = [set = std::move(set), low, high, expected = setting.expected](const SettingValue& value) {
        const double number = std::get<double>(value);
        if (!(number >= low && number <= high) || !std::isfinite(number))
            fail("expected {}, found {}", expected, number);
        set(number);
    };
    setting.get = [get = std::move(get)] { return get(); };
    return setting;
}

inline Setting number(Name name, double& target, double low, double high = unbounded) {
    return number(
        std::move(name), low, high, [&target] { return target; },
        [&target](double value) { target = value; });
}

inline Setting words(Name name, std::string& target) {
    Setting setting = make(std::move(name), SettingType::text, "a text");
    setting.set = [&target](const SettingValue& value) { target = std::get<std::string>(value); };
    setting.get = [&target] { return target; };
    return setting;
}

// An enumeration, by the names of its values from 0 up.
template <class Enum>
Setting choice(Name name, Enum& target, std::vector<std::string> names) {
    Setting setting = make(std::move(name), SettingType::text, fmt::format("{}", fmt::join(names, " or ")));
    setting.set = [&target, names, expected = setting.expected](const SettingValue& value) {
        const auto& word = std::get<std::string>(value);
        const auto found = std::ranges::find(names, word);
        if (found == names.end()) fail("expected {}, found \"{}\"", expected, word);
        target = static_cast<Enum>(found - names.begin());
    };
    setting.get = [&target, names] { return names[size_t(target)]; };
    return setting;
}

inline Setting three_weights(Name name, std::array<double, 3>& target) {
    Setting setting = make(std::move(name), SettingType::numbers, "three numbers of at least 0");
    setting.set = [&target, expected = setting.expected](const SettingValue& value) {
        const auto& numbers = std::get<std::vector<double>>(value);
        const bool fine = numbers.size() == 3 &&
                          std::ranges::all_of(numbers, [](double n) { return n >= 0 && std::isfinite(n); });
        if (!fine) fail("expected {}, found {}", expected, value_text(value));
        std::ranges::copy(numbers, target.begin());
    };
    setting.get = [&target] { return std::vector<double>(target.begin(), target.end()); };
    return setting;
}

}  // namespace unmask::setting_kinds
