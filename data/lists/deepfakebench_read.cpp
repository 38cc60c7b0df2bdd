// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "data/json_file.h"
#include "data/lists/deepfakebench_names.h"
#include "data/lists/listed_video.h"
#include "data/lists/path_mapping.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t most_frames = 10'000'000;  // of one video; more is a broken file

struct PlacedVideo {
    BenchPlace place;
    std::string split, where;
    const Json* entry;
};

class Reader {
  public:
    explicit Reader(const fs::path& path) : path_(path), json_(read_json(path)) {
        for_each(json_, "datasets", path.string() + ":", [&](const std::string& top, const Json& labels) {
            for_each(labels, "labels", here({top}), [&](const std::string& label, const Json& splits) {
                for_each(splits, "splits train, val and test", here({top, label}),
                         [&](const std::string& split, const Json& videos) {
                             read_split(top, label, split, videos);
                         });
            });
        });
    }

    ListContent content(const std::string& compression) {
        if (!compression.empty())
            std::erase_if(placed_, [&](const PlacedVideo& video) {
                return !video.place.level.empty() && video.place.level != compression;
            });
        std::set<std::string> levels, unknown;
        for (const PlacedVideo& video : placed_)
            if (!video.place.level.empty()) levels.insert(video.place.level);
        ListContent content{path_.has_parent_path() ? path_.parent_path() : fs::path("."), {}, {}};
        int64_t empty = 0;
        for (const PlacedVideo& video : placed_) {
            ListedVideo listed = read_video(video, levels.size() > 1);
            if (!bench_meaning(video.place, false).known) unknown.insert(video.place.label);
            if (listed.frames.empty())
                ++empty;
            else
                content.videos.push_back(std::move(listed));
        }
        for (const std::string& label : unknown)
            content.notices.push_back(
                fmt::format("{}: the label {} is none of DeepfakeBench's and is taken as {}", path_.string(),
                            label, bench_meaning({"", label, "", ""}, false).label == 0 ? "real" : "fake"));
        if (empty > 0)
            content.notices.push_back(fmt::format("{}: {} videos list no frames", path_.string(), empty));
        return content;
    }

  private:
    template <class Visit>
    void for_each(const Json& json, const char* what, const std::string& where, const Visit& visit) {
        if (!json.is_object())
            fail("{} expected an object with {} as keys, found {}", where, what, excerpt(json));
        for (const auto& [key, value] : json.items()) visit(key, value);
    }

    [[nodiscard]] std::string here(const std::vector<std::string>& keys) const {
        std::string where = path_.string() + ":";
        for (const std::string& key : keys) where += (&key == keys.data() ? " " : "/") + excerpt_of_key(key);
        return where + ":";
    }
    // A key may hold anything: line ends and long ones shall not spoil a message.
    static std::string excerpt_of_key(const std::string& key) {
        const std::string quoted = excerpt(Json(key));
        return quoted.size() > 2 && quoted.back() == '"' ? quoted.substr(1, quoted.size() - 2) : quoted;
    }

    void read_split(const std::string& top, const std::string& label, const std::string& split,
                    const Json& videos) {
        if (split != "train" && split != "val" && split != "test")
            fail("{} expected the splits train, val and test, found \"{}\"", here({top, label}),
                 excerpt_of_key(split));
        for_each(videos, "videos", here({top, label, split}), [&](const std::string& key, const Json& value) {
            static const std::set<std::string> levels{"raw", "c0", "c23", "c40"};
            const bool is_video = value.is_object() && value.contains("frames");
            if (!is_video && levels.count(key) != 0) {
                for_each(value, "videos", here({top, label, split, key}),
                         [&](const std::string& id, const Json& entry) {
                             placed_.push_back(
                                 {{top, label, key, id}, split, here({top, label, split, key, id}), &entry});
                         });
            } else {
                placed_.push_back({{top, label, "", key}, split, here({top, label, split, key}), &value});
            }
        });
    }

    static ListedVideo read_video(const PlacedVideo& video, bool several_levels) {
        const BenchMeaning meaning = bench_meaning(video.place, several_levels);
        ListedVideo listed;
        listed.where = video.where.substr(0, video.where.size() - 1);
        listed.split = video.split;
        listed.dataset = meaning.dataset;
        listed.method = meaning.method;
        listed.video = meaning.video;
        listed.compression = meaning.compression;
        listed.label = meaning.label;
        const Json& entry = *video.entry;
        const auto frames = entry.is_object() ? entry.find("frames") : entry.end();
        if (frames == entry.end() || !frames->is_array() || frames->size() > most_frames)
            fail("{} expected {{\"label\": …, \"frames\": [\"….png\", …]}}, found {}", video.where,
                 excerpt(entry));
        for (const Json& frame : *frames) {
            if (!frame.is_string())
                fail("{} expected the path of a frame, found {}", video.where, excerpt(frame));
            listed.frames.push_back(plain_path(frame.get<std::string>(), listed.where));
        }
        if (const auto label = entry.find("label"); label != entry.end() && *label != video.place.label)
            fail("{} expected \"label\": \"{}\" as above, found {}", video.where, video.place.label,
                 excerpt(*label));
        if (const auto ours = entry.find("unmask"); ours != entry.end())
            read_ours(video.where, *ours, listed);
        return listed;
    }

    // What unmask adds where DeepfakeBench's own keys cannot say it (see write_deepfakebench).
    static void read_ours(const std::string& where, const Json& ours, ListedVideo& listed) {
        if (!ours.is_object()) fail("{} expected an object as \"unmask\", found {}", where, excerpt(ours));
        for (const auto& [key, member] :
             {std::pair{"dataset", &ListedVideo::dataset}, std::pair{"method", &ListedVideo::method},
              std::pair{"video", &ListedVideo::video}, std::pair{"identity", &ListedVideo::identity},
              std::pair{"compression", &ListedVideo::compression}}) {
            const auto value = ours.find(key);
            if (value == ours.end()) continue;
            if (!value->is_string())
                fail("{} expected a text as \"{}\", found {}", where, key, excerpt(*value));
            listed.*member = value->get<std::string>();
        }
        const auto numbers = ours.find("numbers");
        if (numbers == ours.end()) return;
        const bool fits = numbers->is_array() && numbers->size() == listed.frames.size();
        if (!fits || !std::ranges::all_of(*numbers, [](const Json& number) {
                return number.is_number_integer() && number >= 0 && number <= int64_t{1} << 62;
            }))
            fail("{} expected one number of 0 or more for each frame as \"numbers\", found {}", where,
                 excerpt(*numbers));
        for (const Json& number : *numbers) listed.numbers.push_back(number.get<int64_t>());
    }

    fs::path path_;
    Json json_;
    std::vector<PlacedVideo> placed_;
};

}  // namespace

ListContent read_deepfakebench(const fs::path& path, const std::string& compression) {
    return Reader(path).content(compression);
}

}  // namespace unmask
