// SPDX-License-Identifier: Apache-2.0
#include "apps/settings/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "engine/error.h"

namespace unmask {
namespace {

double parse_number(std::string_view text, const std::string& expected) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        fail("expected {}, found \"{}\"", expected, text);
    return number + 0.0;  // 0 for -0
}

}  // namespace

std::string Setting::flag() const {
    std::string flag = (section == "augmentation" ? "--augment-" : "--") + name;
    std::ranges::replace(flag, '_', '-');
    return flag;
}

void set_from_text(const Setting& setting, std::string_view text) {
    try {
        switch (setting.type) {
            case SettingType::boolean:
                if (text != "true" && text != "false") fail("expected true or false, found \"{}\"", text);
                return setting.set(text == "true");
            case SettingType::integer: {
                int64_t number = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
                if (error != std::errc{} || end != text.data() + text.size())
                    fail("expected {}, found \"{}\"", setting.expected, text);
                return setting.set(number);
            }
            case SettingType::number:
                return setting.set(parse_number(text, setting.expected));
            case SettingType::text:
                return setting.set(std::string(text));
            case SettingType::numbers: {
                std::vector<double> numbers;
                for (size_t begin = 0; begin <= text.size();) {
                    const size_t comma = std::min(text.find(',', begin), text.size());
                    numbers.push_back(parse_number(text.substr(begin, comma - begin), setting.expected));
                    begin = comma + 1;
                }
                return setting.set(numbers);
            }
        }
    } catch (const Error& error) {
        fail("{}: {}", setting.flag(), error.what());
    }
}

std::string value_text(const SettingValue& value) {
    return std::visit(
        [](const auto& held) -> std::string {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::vector<double>>)
                return fmt::format("{}", fmt::join(held, ","));
            else
                return fmt::format("{}", held);
        },
        value);
}

}  // namespace unmask
