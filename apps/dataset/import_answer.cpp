// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/import_answer.h"

#include "apps/json_text.h"

namespace unmask {
namespace {
using Json = nlohmann::ordered_json;
}

std::string import_answer(const ImportResult& result, const std::filesystem::path& manifest) {
    Json missing = Json::array();
    for (const MissingEntry& entry : result.missing)
        missing.push_back({{"where", entry.where},
                           {"path", entry.path.string()},
                           {"problem", entry.problem},
                           {"nearest", entry.nearest.string()}});
    return json_text({{"manifest", text_or_null(manifest.string())},
                      {"rows", result.manifest.rows.size()},
                      {"videos", result.videos},
                      {"missing", std::move(missing)},
                      {"notices", result.notices}});
}

std::string export_answer(const ExportResult& result) {
    Json files = Json::array();
    for (const auto& file : result.files) files.push_back(file.string());
    return json_text({{"files", std::move(files)},
                      {"videos", result.videos},
                      {"frames", result.frames},
                      {"notices", result.notices}});
}

}  // namespace unmask
