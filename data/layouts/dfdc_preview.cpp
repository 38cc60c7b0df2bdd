// SPDX-License-Identifier: Apache-2.0
// The preview of the Deepfake Detection Challenge's data (Dolhansky et al. 2019): dataset.json beside
// original_videos/, method_A/ and method_B/ names each video by its path below, with "label" (real or fake),
// "set" (train or test) and the actors "target_id" and "swapped_id". Its train set is train or val.
#include <algorithm>

#include "data/json_file.h"
#include "data/layouts/listed_layout.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct PreviewEntry {
    int label = 0;
    bool test = false;
    std::vector<std::string> identities;
};
using PreviewEntries = Listing<PreviewEntry>;

bool is_group(const std::string& folder) {
    const std::string name = lower_case(folder);
    return name == "original_videos" || name.starts_with("method_");
}

// The key that a video has in the list, without the file's ending.
std::string key_of(const fs::path& relative) {
    return (relative.parent_path() / relative.stem()).generic_string();
}

class DfdcPreviewLayout : public ListedLayout<PreviewEntry> {
  public:
    explicit DfdcPreviewLayout(fs::path root) : ListedLayout(std::move(root), read_list) {}

    bool describe(const fs::path& path, SourceVideo& video) const override {
        const std::vector<std::string> parts = path_parts(path);
        for (size_t top = parts.size() - 1; top-- > 0;) {
            if (!is_group(parts[top])) continue;
            const fs::path folder = first_parts(parts, top);
            const PreviewEntries& list = list_of(folder);
            if (list.file().empty()) continue;
            // Frames of a video lie in a folder of its name, below a folder frames or not.
            fs::path relative;
            for (size_t i = top; i + 1 < parts.size(); ++i)
                if (lower_case(parts[i]) != "frames") relative /= parts[i];
            const std::string key = (relative / video_name(path, video.kind)).generic_string();
            const PreviewEntry& entry = listed(list, key, path);
            video.label = entry.label;
            video.dataset = "DFDC-Preview";
            video.method = entry.label == 0 ? "original" : parts[top];
            video.video = key;
            video.identities = entry.identities;
            video.official = entry.test ? "test" : official_rest;
            return true;
        }
        return false;
    }

  private:
    static PreviewEntries read_list(const fs::path& folder) {
        const fs::path file = folder / "dataset.json";
        std::error_code ignored;
        if (!fs::is_regular_file(file, ignored)) return {};
        const Json json = read_json(file);
        if (!json.is_object())
            fail("{}: expected an object with the videos' paths as keys, found {}", file.string(),
                 excerpt(json));
        PreviewEntries list(file);
        for (const auto& [name, value] : json.items()) {
            const std::string label = one_of(file, name, value, "label", "real", "fake");
            const std::string set = one_of(file, name, value, "set", "train", "test");
            PreviewEntry entry{label == "fake" ? 1 : 0, set == "test", {}};
            for (const char* key : {"target_id", "swapped_id"})
                add_actor(file, name, value, key, entry.identities);
            // Without them the folder below the method's is the actor's.
            const std::vector<std::string> parts = path_parts(name);
            if (entry.identities.empty())
                entry.identities = {"dfdcp:" + (parts.size() > 2 ? parts[1] : key_of(name))};
            add_once(list, key_of(name), entry);
        }
        return list;
    }

    static void add_actor(const fs::path& file, const std::string& name, const Json& value, const char* key,
                          std::vector<std::string>& identities) {
        const auto found = value.find(key);
        if (found == value.end() || found->is_null()) return;
        if (!found->is_string() && !found->is_number_integer())
            fail("{}: expected an actor's number as \"{}\" of \"{}\", found {}", file.string(), key, name,
                 excerpt(*found));
        const std::string actor = found->is_string() ? found->get<std::string>() : found->dump();
        if (!actor.empty()) identities.push_back("dfdcp:" + actor);
    }
};

}  // namespace

std::unique_ptr<Layout> open_dfdc_preview_layout(const fs::path& root) {
    return std::make_unique<DfdcPreviewLayout>(root);
}

}  // namespace unmask
