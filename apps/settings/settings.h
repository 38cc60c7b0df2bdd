// SPDX-License-Identifier: Apache-2.0
// Named settings: each is a key of a recipe file, a flag of the command line and an entry of run.json, so
// that the three cannot disagree. A new setting is a line in
// apps/training/train_settings.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apps/training/train_options.h"

namespace unmask {

using SettingValue = std::variant<bool, int64_t, double, std::string, std::vector<double>>;

enum class SettingType : uint8_t { boolean, integer, number, text, numbers };

struct Setting {
    std::string section, name;  // [section] name = … of a recipe
    std::string text;           // what it does
    SettingType type = SettingType::text;
    std::string expected;                          // what it accepts, for messages: "a number from 0 to 1"
    std::function<void(const SettingValue&)> set;  // Error "expected …, found …" for a value out of range
    std::function<SettingValue()> get;

    [[nodiscard]] std::string key() const { return section + "." + name; }
    [[nodiscard]] std::string flag() const;  // "--weight-decay", "--augment-flip"
};

// All settings of training, bound to the options, which must outlive them.
[[nodiscard]] std::vector<Setting> train_settings(TrainOptions& options);

// Sets from a command line's text: "0.5", "true", "1,2,10". Error names the flag.
void set_from_text(const Setting& setting, std::string_view text);

// The value as text, such as a help line shows it.
[[nodiscard]] std::string value_text(const SettingValue& value);

}  // namespace unmask
