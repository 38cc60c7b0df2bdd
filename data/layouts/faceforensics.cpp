// SPDX-License-Identifier: Apache-2.0
// FaceForensics++ (Rössler et al. 2019) as its download script lays it out, with the Google/Jigsaw
// DeepFakeDetection videos beside it:
//   original_sequences/{youtube,actors}/{raw,c23,c40}/videos/ID.mp4
//   manipulated_sequences/METHOD/{raw,c23,c40}/videos/TARGET_SOURCE.mp4
// The folder `videos` may also be named otherwise (frames), and may be missing. {train,val,test}.json beside
// original_sequences, or in a folder splits there, are the official lists: [["071","054"], …].
#include <map>
#include <set>
#include <system_error>

#include "data/json_file.h"
#include "data/layouts/layout.h"
#include "data/layouts/listing.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

const std::string youtube = "youtube", actors = "actors";

class FaceForensicsLayout : public Layout {
  public:
    FaceForensicsLayout() : lists_(read_lists) {}

    bool describe(const fs::path& path, SourceVideo& video) const override {
        const std::vector<std::string> parts = path_parts(path);
        size_t top = parts.size();
        for (size_t i = 0; i + 2 < parts.size(); ++i)
            if (parts[i] == "original_sequences" || parts[i] == "manipulated_sequences") top = i;
        if (top == parts.size()) return false;
        video.label = parts[top] == "manipulated_sequences" ? 1 : 0;
        const std::string& origin = parts[top + 1];
        video.dataset = "FaceForensics++";
        video.method = video.label == 1 ? origin : "original";
        const std::string name = video_name(path, video.kind);
        video.video = video.method + "/" + name;
        static const std::set<std::string> levels{"raw", "c0", "c23", "c40"};
        for (size_t i = top + 2; i + 1 < parts.size(); ++i)
            if (levels.count(parts[i])) video.compression = parts[i];
        const bool acted = origin == actors || origin == "DeepFakeDetection";
        video.identities =
            acted ? actor_identities(name, video.label) : youtube_identities(name, video.label);
        video.official = official_split(lists_.of(first_parts(parts, top)), video.identities);
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

    using Splits = std::map<std::string, std::string>;  // identity -> "train", "val", "test"

    // The list that all identities are in; none when any is in no list or they are in different ones.
    static std::string official_split(const Splits& lists, const std::vector<std::string>& identities) {
        std::set<std::string> splits;
        for (const std::string& identity : identities) {
            const auto found = lists.find(identity);
            splits.insert(found == lists.end() ? "" : found->second);
        }
        return splits.size() == 1 ? *splits.begin() : "";
    }

    // Those beside original_sequences, and those in a folder splits.
    static Splits read_lists(const fs::path& folder) {
        Splits lists;
        for (const fs::path& place : {folder, folder / "splits"})
            for (const std::string split : {"train", "val", "test"}) {
                const fs::path file = place / (split + ".json");
                std::error_code ignored;
                if (fs::exists(file, ignored)) read_list(file, split, lists);
            }
        return lists;
    }

    static void read_list(const fs::path& file, const std::string& split, Splits& lists) {
        const nlohmann::json json = read_json(file);
        const auto wrong = [&](const nlohmann::json& found) {
            fail("{}: expected a list of pairs of video ids such as [[\"071\", \"054\"]], found {}",
                 file.string(), excerpt(found));
        };
        if (!json.is_array()) wrong(json);
        for (const nlohmann::json& pair : json) {
            if (!pair.is_array() || pair.size() != 2) wrong(pair);
            for (const nlohmann::json& id : pair) {
                if (!id.is_string()) wrong(pair);
                const std::string name = id.get<std::string>();
                const auto [entry, added] = lists.emplace(youtube + ":" + name, split);
                if (!added && entry->second != split)
                    fail("{}: video {} is already in the list \"{}\"", file.string(), name, entry->second);
            }
        }
    }

    PerFolder<Splits> lists_;  // by the folder that holds original_sequences
};

}  // namespace

std::unique_ptr<Layout> open_faceforensics_layout(const fs::path&) {
    return std::make_unique<FaceForensicsLayout>();
}

}  // namespace unmask
