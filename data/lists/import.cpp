// SPDX-License-Identifier: Apache-2.0
#include "data/lists/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <tuple>

#include "data/check/nearest_path.h"
#include "data/frame_source.h"
#include "data/layouts/layout.h"
#include "data/layouts/listing.h"
#include "data/lists/import_folder.h"
#include "data/lists/listed_video.h"
#include "data/lists/path_mapping.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

class ListImport {
  public:
    ListImport(const ListImportOptions& options, ListContent content, ImportResult& result)
        : options_(options), content_(std::move(content)), result_(result), mapping_(learn()) {
        for (const LayoutEntry& entry : layout_table())
            if (entry.open != &open_folders_layout) layouts_.push_back(entry.open(content_.folder));
    }

    void run() {
        auto& notices = result_.notices;
        notices.insert(notices.end(), content_.notices.begin(), content_.notices.end());
        notices.insert(notices.end(), mapping_.notices().begin(), mapping_.notices().end());
        for (ListedVideo& video : content_.videos) {
            const std::vector<fs::path> files = find_files(video);
            if (files.empty()) continue;
            describe(video,
                     video.folder.empty() ? files.front().parent_path() : mapping_.resolve(video.folder));
            ++result_.videos;
            for (size_t i = 0; i < files.size(); ++i)
                result_.manifest.rows.push_back({manifest_path(options_.manifest, files[i]), video.video,
                                                 video.split, video.dataset, video.method, video.label,
                                                 video.numbers[i], video.identity, video.compression});
        }
    }

  private:
    PathMapping learn() {
        std::vector<std::string> paths;
        for (const ListedVideo& video : content_.videos) {
            if (!video.folder.empty()) paths.push_back(video.folder);
            paths.insert(paths.end(), video.frames.begin(), video.frames.end());
        }
        common_ = common_parts(paths);
        return {paths, options_.root, content_.folder};
    }

    // The frames that are there, with their numbers in the video.
    std::vector<fs::path> find_files(ListedVideo& video) {
        std::vector<fs::path> files, wanted;
        std::error_code ignored;
        if (!video.folder.empty()) {
            const fs::path folder = mapping_.resolve(video.folder);
            if (!fs::exists(folder, ignored)) {
                result_.missing.push_back({video.where, folder, nearest_.find(folder), "is not there"});
                return {};
            }
            if (fs::is_directory(folder, ignored)) wanted = pictures_in_folder(folder);
            if (wanted.empty())
                result_.missing.push_back(
                    {video.where, folder, folder,
                     fs::is_directory(folder, ignored) ? "holds no pictures" : "is no folder of frames"});
        } else {
            for (const std::string& frame : video.frames) wanted.push_back(mapping_.resolve(frame));
        }
        std::vector<int64_t> numbers;
        for (size_t i = 0; i < wanted.size(); ++i) {
            if (!fs::is_regular_file(wanted[i], ignored)) {
                result_.missing.push_back({video.where, wanted[i], nearest_.find(wanted[i]), "is not there"});
                continue;
            }
            files.push_back(wanted[i]);
            numbers.push_back(video.numbers.empty() ? frame_number(wanted[i], int64_t(i)) : video.numbers[i]);
        }
        video.numbers = std::move(numbers);
        return files;
    }

    // Fills what the list does not say from where the frames lie.
    void describe(ListedVideo& video, const fs::path& folder) const {
        SourceVideo source;
        source.path = folder.empty() ? fs::current_path() : fs::absolute(folder).lexically_normal();
        source.kind = SourceKind::folder;
        const bool known = std::ranges::any_of(
            layouts_, [&](const auto& layout) { return layout->describe(source.path, source); });
        if (known && source.label != video.label)
            fail("{}: the list calls {} {}, but there {} lie {} videos", video.where, folder.string(),
                 label_name(video.label), source.dataset, label_name(source.label));
        if (!known) {
            source.dataset = fs::weakly_canonical(content_.folder).filename().string();
            if (source.dataset.empty()) source.dataset = "lists";
            source.method = video.label == 0 ? "original" : "fake";
            source.video = id_of(video.folder);
        }
        const auto fill = [](std::string& text, const std::string& value) {
            if (text.empty()) text = value;
        };
        // DeepfakeBench's keys say all of this, even where it is empty.
        if (!video.folder.empty()) {
            fill(video.dataset, source.dataset);
            fill(video.method, source.method);
            fill(video.video, source.video);
            fill(video.compression, source.compression);
        }
        if (known) fill(video.identity, join_identities(source.identities));
    }

    // What tells the folder from the others of the lists.
    [[nodiscard]] std::string id_of(const std::string& folder) const {
        const std::vector<std::string> parts = path_parts(folder);
        fs::path id;
        for (size_t i = std::min(common_, parts.size() - 1); i < parts.size(); ++i) id /= parts[i];
        return (id.parent_path() / video_name(id, SourceKind::folder)).generic_string();
    }

    const ListImportOptions& options_;
    ListContent content_;
    ImportResult& result_;
    size_t common_ = 0;
    PathMapping mapping_;
    std::vector<std::unique_ptr<Layout>> layouts_;
    NearestPath nearest_;
};

// Frames of several levels of one video would be one video: ids get the level where a set has more than one.
void tell_levels_apart(Manifest& manifest) {
    std::map<std::tuple<std::string, std::string, std::string>, std::set<std::string>> levels;
    for (const ManifestRow& row : manifest.rows)
        levels[{row.dataset, row.method, row.video}].insert(row.compression);
    for (ManifestRow& row : manifest.rows)
        if (levels.at({row.dataset, row.method, row.video}).size() > 1 && !row.compression.empty() &&
            row.video.starts_with(row.method + "/"))
            row.video.insert(row.method.size() + 1, row.compression + "/");
}

}  // namespace

int64_t frame_number(const fs::path& picture, int64_t otherwise) {
    const std::string name = picture.stem().string();
    const size_t start = name.find_last_not_of("0123456789") + 1;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data() + start, name.data() + name.size(), number);
    return error == std::errc() ? number : otherwise;
}

std::string manifest_path(const fs::path& manifest, const fs::path& file) {
    const fs::path folder = fs::absolute(manifest).lexically_normal().parent_path();
    const fs::path absolute = fs::absolute(file).lexically_normal();
    return (lies_below(absolute, folder) ? absolute.lexically_relative(folder) : absolute).generic_string();
}

ImportResult import_lists(const ListImportOptions& options) {
    if (options.inputs.empty()) fail("import: expected lists or folders, found none");
    ImportResult result;
    result.manifest.directory = options.manifest.parent_path();
    for (const fs::path& input : options.inputs) {
        std::error_code ignored;
        if (!fs::exists(input, ignored)) fail("{}: no such file or folder", input.string());
        if (lower_case(input.extension().string()) == ".json")
            ListImport(options, read_deepfakebench(input, options.compression), result).run();
        else if (has_txt_lists(input) || lower_case(input.extension().string()) == ".txt")
            ListImport(options, read_txt_lists(input), result).run();
        else
            import_folder(options, input, result);
    }
    tell_levels_apart(result.manifest);
    return result;
}

}  // namespace unmask
