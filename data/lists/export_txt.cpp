// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <ostream>
#include <set>
#include <system_error>
#include <tuple>

#include "data/frame_source.h"
#include "data/layouts/listing.h"
#include "data/lists/export_rows.h"
#include "data/lists/listed_video.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// A folder of frames, as one line of one list or of several.
struct Folder {
    const ManifestRow* first;
    std::set<std::string> pictures{};
    std::map<std::string, std::set<std::string>> of_split{};  // pictures
};

// A list names a folder and so all of its pictures: where a split has only some of them, whoever reads the
// lists has every picture on every side.
void check_split_by_folder(const fs::path& path, const Folder& folder) {
    for (const auto& [split, pictures] : folder.of_split)
        if (pictures.size() < folder.pictures.size())
            fail(
                "{}: {} of its {} pictures are in {}, expected all on the same sides: the lists name "
                "folders, "
                "not pictures; export with --deepfakebench, or split by video",
                path.string(), pictures.size(), folder.pictures.size(), split);
}

std::map<fs::path, Folder> folders_of(const Manifest& manifest, const std::vector<const ManifestRow*>& rows) {
    std::map<fs::path, Folder> folders;
    for (const ManifestRow* row : rows) {
        const fs::path file = fs::absolute(manifest.file(*row)).lexically_normal();
        Folder& folder = folders.try_emplace(file.parent_path(), Folder{row}).first->second;
        const ManifestRow& first = *folder.first;
        if (std::tie(first.dataset, first.method, first.video, first.label) !=
            std::tie(row->dataset, row->method, row->video, row->label))
            fail(
                "{}: holds frames of the videos \"{}\" and \"{}\", expected a folder for each video: the "
                "lists "
                "name folders, not pictures",
                file.parent_path().string(), first.video, row->video);
        folder.pictures.insert(file.filename().string());
        folder.of_split[row->split].insert(file.filename().string());
    }
    for (const auto& [path, folder] : folders) check_split_by_folder(path, folder);
    return folders;
}

int64_t unlisted_pictures(const fs::path& path, const Folder& folder) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) return 0;
    int64_t count = 0;
    for (const fs::path& picture : pictures_in_folder(path))
        count += folder.pictures.count(picture.filename().string()) == 0;
    return count;
}

}  // namespace

std::vector<const ManifestRow*> rows_with_split(const Manifest& manifest, ExportResult& result) {
    if (manifest.shard)
        fail("{}: a packed shard has no picture files to list; export its manifest instead",
             manifest.source.string());
    std::vector<const ManifestRow*> rows;
    for (const ManifestRow& row : manifest.rows)
        if (!row.split.empty()) rows.push_back(&row);
    if (rows.empty())
        fail("{}: expected rows with a split (train, val or test), found none", manifest.source.string());
    if (const size_t without = manifest.rows.size() - rows.size(); without > 0)
        result.notices.push_back(
            fmt::format("{} of {} rows have no split and were left out", without, manifest.rows.size()));
    result.frames = int64_t(rows.size());
    return rows;
}

std::string listed_path(const fs::path& path, const ExportOptions& options) {
    const fs::path absolute = fs::absolute(path).lexically_normal();
    if (options.root.empty()) return absolute.generic_string();
    const fs::path root = (fs::absolute(options.root) / "").lexically_normal().parent_path();
    return (lies_below(absolute, root) ? absolute.lexically_relative(root) : absolute).generic_string();
}

ExportResult export_txt_lists(const Manifest& manifest, const fs::path& folder,
                              const ExportOptions& options) {
    ExportResult result;
    const std::map<fs::path, Folder> folders = folders_of(manifest, rows_with_split(manifest, result));
    std::error_code error;
    for (const TxtList& list : txt_lists())
        if (fs::exists(folder / list.file, error))
            fail("{}: is there already, expected a folder without lists", (folder / list.file).string());
    std::map<std::string, std::string> texts;
    int64_t unlisted = 0;
    for (const auto& [path, frames] : folders) {
        const std::string name = listed_path(path, options);
        if (name.find_first_of("\r\n") != std::string::npos)
            fail("{}: holds a folder with a line end in its name, which the lists cannot say",
                 path.parent_path().string());
        unlisted += unlisted_pictures(path, frames);
        for (const TxtList& list : txt_lists())
            if (list.label == frames.first->label && frames.of_split.contains(list.split))
                texts[list.file] += fmt::format("{},{},{}\n", list.label, name, frames.pictures.size());
    }
    fs::create_directories(folder, error);
    if (error) fail("{}: the folder cannot be made: {}", folder.string(), error.message());
    for (const auto& [file, text] : texts) {
        write_file_atomically(folder / file, [&](std::ostream& out) { out << text; });
        result.files.push_back(folder / file);
    }
    result.videos = int64_t(folders.size());
    if (unlisted > 0)
        result.notices.push_back(
            fmt::format("{} pictures lie in the listed folders and not in the manifest: who "
                        "reads the lists takes them too",
                        unlisted));
    return result;
}

}  // namespace unmask
