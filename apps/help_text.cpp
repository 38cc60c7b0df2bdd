// SPDX-License-Identifier: Apache-2.0
#include "apps/help_text.h"

#include <algorithm>
#include <regex>

namespace unmask {

std::string values_text(const std::string& type_name) {
    static const std::regex range(R"(^(?:U?INT|FLOAT):(?:U?INT in |FLOAT in )?\[(\S+) - (\S+)\]$)");
    static const std::regex set(R"(^TEXT:\{(.*)\}$)");
    static const std::regex named(R"(^(?:U?INT|FLOAT|TEXT):(.*)$)");
    std::smatch match;
    if (std::regex_match(type_name, match, range)) return match.str(1) + ".." + match.str(2);
    if (std::regex_match(type_name, match, set)) {
        std::string values = match[1];
        std::ranges::replace(values, ',', '|');
        return values;
    }
    if (std::regex_match(type_name, match, named)) return match[1];
    return type_name;
}

// Without what a flag stands for alone.
std::string HelpText::make_option_name(const CLI::Option* option, bool is_positional) const {
    static const std::regex alone(R"(\{[^}]*\})");
    return std::regex_replace(CLI::Formatter::make_option_name(option, is_positional), alone, "");
}

std::string HelpText::make_option_opts(const CLI::Option* option) const {
    std::string text;
    if (!option->get_option_text().empty()) {
        text = " " + option->get_option_text();
    } else if (!option->get_type_name().empty()) {
        text = " " + values_text(option->get_type_name());
        if (option->get_expected_max() == CLI::detail::expected_max_vector_size)
            text += " ...";
        else if (option->get_expected_min() > 1)
            text += " x " + std::to_string(option->get_expected());
    }
    // A text of an option's own may have said it.
    if (!option->get_default_str().empty() && option->get_type_size() != 0 &&
        text.find('[') == std::string::npos)
        text += " [" + option->get_default_str() + "]";
    if (option->get_required()) text += " " + get_label("REQUIRED");
    for (const CLI::Option* other : option->get_excludes()) text += " (not with " + other->get_name() + ")";
    return text;
}

}  // namespace unmask
