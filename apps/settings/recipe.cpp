// SPDX-License-Identifier: Apache-2.0
#include "apps/settings/recipe.h"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "engine/error.h"

namespace unmask {
namespace {

// "FILE:LINE" of a node.
std::string place(const std::filesystem::path& path, const toml::source_region& source) {
    return fmt::format("{}:{}", path.string(), source.begin.line);
}

// A key a.b.c makes a table in a table; the parser and its values walk through these by recursion.
constexpr ptrdiff_t most_dots = 4096;
constexpr uintmax_t most_bytes = uintmax_t{1} << 20;

std::string read_text(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path))
        fail("{}: expected a recipe file, found a folder", path.string());
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
    std::error_code unknown;
    if (const uintmax_t bytes = std::filesystem::file_size(path, unknown); !unknown && bytes > most_bytes)
        fail("{}: expected a recipe of at most {} bytes, found {}", path.string(), most_bytes, bytes);
    std::ostringstream content;
    content << file.rdbuf();
    std::string text = content.str();
    if (const ptrdiff_t dots = std::ranges::count(text, '.'); dots > most_dots)
        fail("{}: expected a recipe, found keys that may be nested {} deep (dots; at most {} are read)",
             path.string(), dots, most_dots);
    return text;
}

std::string describe(const toml::node& node) {
    std::ostringstream text;
    node.visit([&](const auto& concrete) {
        if constexpr (toml::is_table<decltype(concrete)>)
            text << "a section";
        else
            text << concrete;
    });
    return text.str();
}

std::optional<SettingValue> convert(const toml::node& node, SettingType type) {
    switch (type) {
        case SettingType::boolean:
            if (const auto* value = node.as_boolean()) return value->get();
            return {};
        case SettingType::integer:
            if (const auto* value = node.as_integer()) return value->get();
            return {};
        case SettingType::number:
            if (node.is_number()) return *node.value<double>() + 0.0;  // 0 for -0, which would read back as 0
            return {};
        case SettingType::text:
            if (const auto* value = node.as_string()) return value->get();
            return {};
        case SettingType::numbers: {
            const toml::array* array = node.as_array();
            if (array == nullptr) return {};
            std::vector<double> numbers;
            for (const toml::node& element : *array) {
                if (!element.is_number()) return {};
                numbers.push_back(*element.value<double>() + 0.0);
            }
            return numbers;
        }
    }
    return {};
}

// A TOML basic string.
std::string toml_string(std::string_view text) {
    std::string result = "\"";
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') result += '\\';
        if (byte < 0x20 || byte == 0x7f)
            result += fmt::format("\\u{:04X}", byte);
        else
            result += character;
    }
    return result + '"';
}

std::string section_names(const std::vector<Setting>& settings) {
    std::vector<std::string> names;
    for (const Setting& setting : settings)
        if (names.empty() || names.back() != setting.section) names.push_back(setting.section);
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string key_names(const std::vector<Setting>& settings, std::string_view section) {
    std::vector<std::string> names;
    for (const Setting& setting : settings)
        if (setting.section == section) names.push_back(setting.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

void apply(const std::filesystem::path& path, const Setting& setting, const toml::node& node) {
    const std::string where = place(path, node.source());
    const std::optional<SettingValue> value = convert(node, setting.type);
    if (!value) fail("{}: {}: expected {}, found {}", where, setting.key(), setting.expected, describe(node));
    try {
        setting.set(*value);
    } catch (const Error& error) {
        fail("{}: {}: {}", where, setting.key(), error.what());
    }
}

}  // namespace

void read_recipe(const std::filesystem::path& path, const std::vector<Setting>& settings) {
    toml::table root;
    try {
        root = toml::parse(read_text(path), path.string());
    } catch (const toml::parse_error& error) {
        fail("{}: {}", place(path, error.source()), error.description());
    }
    for (const auto& [section, content] : root) {
        const std::string_view name = section.str();
        const bool known = std::ranges::any_of(settings, [&](const Setting& s) { return s.section == name; });
        const toml::table* table = content.as_table();
        if (!known || table == nullptr)
            fail("{}: expected a section among {}, found \"{}\"", place(path, section.source()),
                 section_names(settings), name);
        for (const auto& [key, value] : *table) {
            const auto setting = std::ranges::find_if(
                settings, [&](const Setting& s) { return s.section == name && s.name == key.str(); });
            if (setting == settings.end())
                fail("{}: unknown key \"{}\" in [{}], which has {}", place(path, key.source()), key.str(),
                     name, key_names(settings, name));
            apply(path, *setting, value);
        }
    }
}

std::string recipe_text(const std::vector<Setting>& settings) {
    std::string text, section;
    for (const Setting& setting : settings) {
        if (setting.section != section)
            text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", setting.section);
        section = setting.section;
        const SettingValue value = setting.get();
        std::string written = value_text(value);
        if (setting.type == SettingType::text) written = toml_string(written);
        if (setting.type == SettingType::numbers) written = fmt::format("[{}]", written);
        std::string comment = setting.text;
        if (setting.type == SettingType::text && setting.expected != "a text")
            comment += ": " + setting.expected;
        text += fmt::format("{:<38} # {}\n", fmt::format("{} = {}", setting.name, written), comment);
    }
    return text;
}

}  // namespace unmask
