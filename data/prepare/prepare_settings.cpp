// SPDX-License-Identifier: Apache-2.0
// prepare.json: how the crops beside it were cut.
#include <nlohmann/json.hpp>
#include <system_error>

#include "data/file_magic.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path crop_settings_file(const fs::path& manifest) {
    return manifest.parent_path() / "prepare.json";
}

void write_crop_settings(const fs::path& manifest, const CropSettings& settings) {
    const Json json{{"size", settings.size},
                    {"margin", settings.margin},
                    {"detector", settings.detector},
                    {"aligned", settings.aligned}};
    write_file_atomically(crop_settings_file(manifest), json.dump(1) + "\n");
}

std::string crop_settings_text(const fs::path& manifest) {
    if (is_shard(manifest)) return std::string(Shard(manifest).settings());
    const fs::path path = crop_settings_file(manifest);
    std::error_code ignored;
    if (manifest.empty() || !fs::exists(path, ignored)) return {};
    const std::vector<uint8_t> bytes = read_file(path, 1 << 20);
    return {bytes.begin(), bytes.end()};
}

std::optional<CropSettings> read_crop_settings(const fs::path& manifest) {
    const std::string text = crop_settings_text(manifest);
    if (text.empty()) return {};
    try {
        const Json json = Json::parse(text);
        return CropSettings{json.at("size"), json.at("margin"), json.at("detector"),
                            json.value("aligned", false)};
    } catch (const nlohmann::json::exception& error) {
        fail("{}: expected the crops' size, margin and detector as JSON, found: {}",
             is_shard(manifest) ? manifest.string() : crop_settings_file(manifest).string(), error.what());
    }
}

}  // namespace unmask
