// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <tuple>

#include "data/json_file.h"
#include "data/lists/deepfakebench_names.h"
#include "data/lists/export_rows.h"
#include "data/lists/import.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Rows that become one entry.
struct BenchVideo {
    BenchMeaning meaning;
    std::string split, identity;
    std::vector<const ManifestRow*> rows;
};

std::vector<BenchVideo> videos_of(const std::vector<const ManifestRow*>& rows, const ExportOptions& options) {
    using Key = std::tuple<std::string, std::string, std::string, int, std::string, std::string, std::string>;
    std::map<Key, BenchVideo> videos;
    for (const ManifestRow* row : rows) {
        BenchMeaning meaning{row->dataset, row->method, row->video, row->compression, row->label};
        if (meaning.compression.empty() && has_levels(bench_place(meaning).top))
            meaning.compression = options.compression;
        const Key key{meaning.dataset,     meaning.method, meaning.video, meaning.label,
                      meaning.compression, row->split,     row->identity};
        BenchVideo& video =
            videos.try_emplace(key, BenchVideo{meaning, row->split, row->identity, {}}).first->second;
        video.rows.push_back(row);
    }
    std::vector<BenchVideo> list;
    for (auto& [key, video] : videos) list.push_back(std::move(video));
    return list;
}

Json entry_of(const BenchVideo& video, const BenchPlace& place, bool several_levels, const Manifest& manifest,
              const ExportOptions& options) {
    Json frames = Json::array(), numbers = Json::array(), ours = Json::object();
    bool numbered = true;
    for (const ManifestRow* row : video.rows) {
        numbered = numbered && frame_number(row->path, int64_t(frames.size())) == row->frame;
        frames.push_back(listed_path(manifest.file(*row), options));
        numbers.push_back(row->frame);
    }
    const BenchMeaning& meaning = video.meaning;
    const BenchMeaning taken = bench_meaning(place, several_levels);
    if (taken.dataset != meaning.dataset) ours["dataset"] = meaning.dataset;
    if (taken.method != meaning.method) ours["method"] = meaning.method;
    if (taken.video != meaning.video) ours["video"] = meaning.video;
    if (taken.compression != meaning.compression) ours["compression"] = meaning.compression;
    if (!video.identity.empty()) ours["identity"] = video.identity;
    if (!numbered) ours["numbers"] = std::move(numbers);
    Json entry{{"label", place.label}, {"frames", std::move(frames)}};
    if (!ours.empty()) entry["unmask"] = std::move(ours);
    return entry;
}

}  // namespace

ExportResult export_deepfakebench(const Manifest& manifest, const fs::path& file,
                                  const ExportOptions& options) {
    ExportResult result;
    const std::vector<BenchVideo> videos = videos_of(rows_with_split(manifest, result), options);
    std::vector<BenchPlace> places;
    std::set<std::string> levels;
    for (const BenchVideo& video : videos) {
        places.push_back(bench_place(video.meaning));
        if (has_levels(places.back().top) && places.back().level.empty())
            fail(
                "{}: video \"{}\" has no compression, which DeepfakeBench's lists of {} need; give one (raw, "
                "c23, "
                "c40)",
                manifest.source.string(), video.meaning.video, places.back().top);
        if (!places.back().level.empty()) levels.insert(places.back().level);
    }
    Json json = Json::object();
    for (size_t i = 0; i < videos.size(); ++i) {
        BenchPlace& place = places[i];
        Json& split = json[place.top][place.label][videos[i].split];
        Json& level = place.level.empty() ? split : split[place.level];
        // Videos that would share a key keep their own ids below "unmask".
        const std::string key = place.key;
        for (int number = 2; level.contains(place.key); ++number)
            place.key = fmt::format("{}#{}", key, number);
        level[place.key] = entry_of(videos[i], place, levels.size() > 1, manifest, options);
    }
    try {
        const std::string text = json.dump(1);
        write_file_atomically(file, [&](std::ostream& out) { out << text << '\n'; });
    } catch (const Json::type_error& error) {
        fail("{}: JSON holds only UTF-8: {}", file.string(), error.what());
    }
    result.files.push_back(file);
    result.videos = int64_t(videos.size());
    return result;
}

}  // namespace unmask
