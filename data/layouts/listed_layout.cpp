// SPDX-License-Identifier: Apache-2.0
#include "data/layouts/listed_layout.h"

namespace unmask {

std::string one_of(const std::filesystem::path& file, const std::string& video, const nlohmann::json& value,
                   const char* key, const char* first, const char* second) {
    const auto found = value.is_object() ? value.find(key) : value.end();
    const std::string text =
        found != value.end() && found->is_string() ? lower_case(found->get<std::string>()) : "";
    if (text != first && text != second)
        fail("{}: expected \"{}\": \"{}\" or \"{}\" for \"{}\", found {}", file.string(), key, first, second,
             video, excerpt(value));
    return text;
}

}  // namespace unmask
