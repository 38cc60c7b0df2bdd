// SPDX-License-Identifier: Apache-2.0
#include "data/json_file.h"

#include <algorithm>

#include "data/file_magic.h"
#include "engine/error.h"

namespace unmask {

using Json = nlohmann::json;

Json read_json(const std::filesystem::path& path) {
    const std::vector<uint8_t> bytes = read_file(path, uintmax_t{4} << 30);
    try {
        return Json::parse(bytes.begin(), bytes.end());
    } catch (const Json::exception& error) {
        std::string what = error.what();
        // Without the library's own "[json.exception.parse_error.101] ".
        if (const size_t end = what.find("] "); what.starts_with("[json") && end != std::string::npos)
            what.erase(0, end + 2);
        fail("{}: expected JSON, found {}", path.string(), what);
    }
}

std::string excerpt(const Json& value) {
    constexpr size_t longest = 60;
    // A large value is not written out only to be cut, nor a deep one, which would take as deep a stack.
    const bool shallow = value.size() <= longest &&
                         std::ranges::none_of(value, [](const Json& part) { return part.is_structured(); });
    std::string text = value.is_structured() && !shallow
                           ? std::string(value.type_name()) + " of " + std::to_string(value.size())
                           : value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > longest) text = text.substr(0, longest) + "...";
    return text;
}

}  // namespace unmask
