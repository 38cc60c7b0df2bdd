// SPDX-License-Identifier: Apache-2.0
// FaceForensics++ (Rössler et al. 2019) as its download script lays it out, with the Google/Jigsaw
// DeepFakeDetection videos beside it:
//   original_sequences/{youtube,actors}/{raw,c23,c40}/videos/ID.mp4
//   manipulated_sequences/METHOD/{raw,c23,c40}/videos/TARGET_SOURCE.mp4
// The folder `videos` may also be named otherwise (frames), and may be missing. {train,val,test}.json beside
// original_sequences, or in a folder splits there, are the official lists: [["071","054"], …].
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "data/layouts/layout.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

const std::string youtube = "youtube", actors = "actors";

class FaceForensicsLayout : public Layout {
  public:
    explicit FaceForensicsLayout(const fs::path& root) {
        // The lists are looked for above the folder given too, since a part of the dataset may have been
        // given.
        for (fs::path folder = root; !folder.empty(); folder = folder.parent_path()) {
            if (fs::is_directory(folder / "original_sequences") ||
                fs::is_directory(folder / "manipulated_sequences"))
                for (const fs::path& place : {folder, folder / "splits"}) read_lists(place);
            if (folder == folder.root_path()) break;
        }
    }

    bool describe(const fs::path& path, SourceVideo& video) const override {
        std::vector<std::string> parts;
        for (const fs::path& part : path) parts.push_back(part.string());
        size_t top = parts.size();
        for (size_t i = 0; i + 2 < parts.size(); ++i)
            if (parts[i] == "original_sequences" || parts[i] == "manipulated_sequences") top = i;
        if (top == parts.size()) return false;
        video.label = parts[top] == "manipulated_sequences" ? 1 : 0;
        const std::string& origin = parts[top + 1];
        video.dataset = "FaceForensics++";
        video.method = video.label == 1 ? origin : "original";
        const std::string name = video.kind == SourceKind::folder ? parts.back() : path.stem().string();
        video.video = video.method + "/" + name;
        static const std::set<std::string> levels{"raw", "c0", "c23", "c40"};
        for (size_t i = top + 2; i + 1 < parts.size(); ++i)
            if (levels.count(parts[i])) video.compression = parts[i];
        const bool acted = origin == actors || origin == "DeepFakeDetection";
        video.identities =
            acted ? actor_identities(name, video.label) : youtube_identities(name, video.label);
        video.official = official_split(video.identities);
        return true;
    }

  private:
    // ID, or TARGET_SOURCE: the target's video with the face of the source.
    static std::vector<std::string> youtube_identities(const std::string& name, int label) {
        const size_t bar = name.find('_');
        if (label == 0 || bar == std::string::npos) return {youtube + ":" + name};
        return {youtube + ":" + name.substr(0, bar), youtube + ":" + name.substr(bar + 1)};
    }

    // ACTOR__SCENE, or TARGET_SOURCE__SCENE__CODE.
    static std::vector<std::string> actor_identities(const std::string& name, int label) {
        const std::string who = name.substr(0, name.find("__"));
        const size_t bar = who.find('_');
        if (label == 0 || bar == std::string::npos) return {actors + ":" + who};
        return {actors + ":" + who.substr(0, bar), actors + ":" + who.substr(bar + 1)};
    }

    // The list that all identities are in; none when any is in no list or they are in different ones.
    [[nodiscard]] std::string official_split(const std::vector<std::string>& identities) const {
        std::set<std::string> splits;
        for (const std::string& identity : identities) {
            const auto found = split_of_.find(identity);
            splits.insert(found == split_of_.end() ? "" : found->second);
        }
        return splits.size() == 1 ? *splits.begin() : "";
    }

    void read_lists(const fs::path& folder) {
        for (const std::string split : {"train", "val", "test"}) {
            const fs::path file = folder / (split + ".json");
            std::ifstream stream(file);
            if (!stream) continue;
            try {
                for (const auto& pair : nlohmann::json::parse(stream))
                    for (const auto& id : pair) add(file, id.get<std::string>(), split);
            } catch (const nlohmann::json::exception& error) {
                fail("{}: expected a list of pairs of video ids such as [[\"071\", \"054\"]]: {}",
                     file.string(), error.what());
            }
        }
    }

    void add(const fs::path& file, const std::string& id, const std::string& split) {
        const auto [entry, added] = split_of_.emplace(youtube + ":" + id, split);
        if (!added && entry->second != split)
            fail("{}: video {} is already in the list \"{}\"", file.string(), id, entry->second);
    }

    std::map<std::string, std::string> split_of_;  // identity -> "train", "val", "test"
};

}  // namespace

std::unique_ptr<Layout> open_faceforensics_layout(const fs::path& root) {
    return std::make_unique<FaceForensicsLayout>(root);
}

}  // namespace unmask
