// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/import_answer.h"

#include <nlohmann/json.hpp>

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

// File names need not be UTF-8; what is not becomes the replacement character.
std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string import_answer(const ImportResult& result, const std::filesystem::path& manifest) {
    Json missing = Json::array();
    for (const MissingEntry& entry : result.missing)
        missing.push_back({{"where", entry.where},
                           {"path", entry.path.string()},
                           {"problem", entry.problem},
                           {"nearest", entry.nearest.string()}});
    return dump({{"manifest", manifest.empty() ? Json(nullptr) : Json(manifest.string())},
                 {"rows", result.manifest.rows.size()},
                 {"videos", result.videos},
                 {"missing", std::move(missing)},
                 {"notices", result.notices}});
}

std::string export_answer(const ExportResult& result) {
    Json files = Json::array();
    for (const auto& file : result.files) files.push_back(file.string());
    return dump({{"files", std::move(files)},
                 {"videos", result.videos},
                 {"frames", result.frames},
                 {"notices", result.notices}});
}

}  // namespace unmask
