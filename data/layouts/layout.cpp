// SPDX-License-Identifier: Apache-2.0
// The table of layouts, and the walk through a folder that asks them.
#include "data/layouts/layout.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "data/file_magic.h"
#include "data/layouts/listing.h"
#include "data/picture.h"
#include "engine/error.h"

namespace unmask {

namespace fs = std::filesystem;

const std::vector<LayoutEntry>& layout_table() {
    static const std::vector<LayoutEntry> table{
        {"FaceForensics++",
         "original_sequences/{youtube,actors}/{raw,c23,c40}/videos/ID.mp4 and "
         "manipulated_sequences/METHOD/{raw,c23,c40}/videos/TARGET_SOURCE.mp4",
         &open_faceforensics_layout},
        {"Celeb-DF", "Celeb-real/…, YouTube-real/… and Celeb-synthesis/…", &open_celeb_df_layout},
        {"DFDC-Preview", "dataset.json beside original_videos/…, method_A/… and method_B/…",
         &open_dfdc_preview_layout},
        {"DFDC", "dfdc_train_part_N/{metadata.json,*.mp4} and test/{labels.csv,*.mp4}", &open_dfdc_layout},
        {"folders", "real/… and fake/… or fake/METHOD/…", &open_folders_layout},
    };
    return table;
}

namespace {

// Pictures directly in such a folder are not the frames of a video.
bool holds_single_pictures(const fs::path& folder, const fs::path& root) {
    const std::string name = lower_case(folder.filename().string());
    return folder == root || name == "real" || name == "fake";
}

struct Found {
    fs::path path;
    SourceKind kind;
};

// Visits each real folder once, however many symbolic links lead to it, and by its own path where it has one.
class Walk {
  public:
    Walk(fs::path root, fs::path leave_out) : root_(std::move(root)), leave_out_(std::move(leave_out)) {}

    [[nodiscard]] std::vector<Found> run() {
        visit(root_);
        for (size_t i = 0; i < links_.size(); ++i) visit(fs::path(links_[i]));
        return std::move(found_);
    }

  private:
    void visit(const fs::path& folder) {
        std::error_code error;
        const fs::path real = fs::canonical(folder, error);
        if (error) fail("{}: the folder cannot be read: {}", folder.string(), error.message());
        if ((!leave_out_.empty() && lies_below(real, leave_out_)) || !visited_.insert(real).second) return;
        std::vector<fs::path> folders, links, pictures = pictures_in_folder(folder);
        const std::set<fs::path> is_picture(pictures.begin(), pictures.end());
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
             entry.increment(error)) {
            const std::string name = entry->path().filename().string();
            std::error_code ignored;
            if (name[0] == '.') continue;
            if (entry->is_directory(ignored)) {
                if (name != "masks") (entry->is_symlink(ignored) ? links : folders).push_back(entry->path());
            } else if (entry->is_regular_file(ignored) && is_picture.count(entry->path()) == 0 &&
                       is_video_file(entry->path())) {
                found_.push_back({entry->path(), SourceKind::video});
            }
        }
        if (error) fail("{}: the folder cannot be read: {}", folder.string(), error.message());
        if (holds_single_pictures(folder, root_)) {
            for (const fs::path& picture : pictures) found_.push_back({picture, SourceKind::picture});
        } else if (!pictures.empty()) {
            found_.push_back({folder, SourceKind::folder});
        }
        std::sort(links.begin(), links.end());
        links_.insert(links_.end(), links.begin(), links.end());
        for (const fs::path& next : folders) visit(next);
    }

    fs::path root_, leave_out_;
    std::set<fs::path> visited_;
    std::vector<fs::path> links_;  // come after all that is reached without them
    std::vector<Found> found_;
};

// "path/in/folder/name" without the extension.
std::string relative_id(const fs::path& path, const fs::path& root, SourceKind kind) {
    fs::path relative = path == root ? path.filename() : path.lexically_relative(root);
    if (kind != SourceKind::folder) relative.replace_extension();
    return relative.generic_string();
}

void describe_by_label(SourceVideo& video, const fs::path& root, int label) {
    video.label = label;
    video.dataset = (fs::is_directory(root) ? root : root.parent_path()).filename().string();
    video.method = label == 0 ? "original" : "fake";
    video.video = relative_id(video.path, root, video.kind);
    video.identities = {video.dataset + ":" + video.video};
}

[[noreturn]] void fail_without_label(const fs::path& path) {
    std::string shapes;
    for (const LayoutEntry& entry : layout_table())
        shapes += std::string(shapes.empty() ? "" : "; ") + entry.name + ": " + entry.shape;
    fail(
        "{}: cannot tell real or fake from the path; give the label (--label real|fake) or use one of the "
        "layouts: {}",
        path.string(), shapes);
}

// Says of what was found what the given label or the layouts know.
class Describer {
  public:
    Describer(fs::path root, std::optional<int> label) : root_(std::move(root)), label_(label) {
        for (const LayoutEntry& entry : layout_table()) layouts_.push_back(entry.open(root_));
    }

    // True where a dataset's own layout knows it, false for a given label and for plain folders. Error where
    // nothing tells the label.
    bool describe(const Found& item, SourceVideo& video) const {
        video.path = item.path;
        video.kind = item.kind;
        if (label_) {
            describe_by_label(video, root_, *label_);
            return false;
        }
        for (size_t i = 0; i < layouts_.size(); ++i)
            if (layouts_[i]->describe(item.path, video))
                return layout_table()[i].open != &open_folders_layout;
        fail_without_label(item.path);
    }

    void add_notices(std::vector<std::string>& notices) const {
        for (const auto& layout : layouts_) layout->add_notices(notices);
    }

  private:
    fs::path root_;
    std::optional<int> label_;
    std::vector<std::unique_ptr<Layout>> layouts_;
};

// Videos that share an id get their compression level into it, then their extension; what still collides is
// an error.
void make_ids_unique(std::vector<SourceVideo>& videos) {
    const auto collisions = [&] {
        std::map<std::pair<std::string, std::string>, std::vector<SourceVideo*>> by_id;
        for (SourceVideo& video : videos) by_id[{video.dataset, video.video}].push_back(&video);
        std::erase_if(by_id, [](const auto& entry) { return entry.second.size() < 2; });
        return by_id;
    };
    for (const auto& [id, same] : collisions())
        for (SourceVideo* video : same)
            if (!video->compression.empty() && video->video.starts_with(video->method + "/"))
                video->video.insert(video->method.size() + 1, video->compression + "/");
    for (const auto& [id, same] : collisions())
        for (SourceVideo* video : same) video->video += video->path.extension().string();
    for (const auto& [id, same] : collisions())
        fail("{} and {} would both be video \"{}\" of {}", same[0]->path.string(), same[1]->path.string(),
             id.second, id.first);
}

}  // namespace

std::vector<SourceVideo> find_videos(const fs::path& directory, std::optional<int> label_override,
                                     const fs::path& leave_out, std::vector<std::string>* notices,
                                     PictureRule rule) {
    std::error_code error;
    fs::path root = fs::canonical(directory, error);
    if (error) fail("{}: {}", directory.string(), error.message());
    std::vector<Found> found;
    if (fs::is_directory(root)) {
        found = Walk(root, fs::weakly_canonical(leave_out)).run();
    } else {
        found.push_back({root, looks_like_picture(root) ? SourceKind::picture : SourceKind::video});
    }
    if (found.empty())
        fail("{}: no videos found (expected video files such as .mp4, or folders of PNG, JPEG or BMP frames)",
             directory.string());
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.path < b.path; });

    PictureFolders folders(rule);
    for (const Found& item : found) {
        if (item.kind == SourceKind::picture) folders.add_photo(item.path);
        if (item.kind == SourceKind::folder) folders.add_folder(item.path);
    }
    const Describer describer(root, label_override);
    std::vector<SourceVideo> videos;
    for (const Found& item : found) {
        SourceVideo video;
        const bool dataset_is_known = describer.describe(item, video);
        if (item.kind != SourceKind::folder || dataset_is_known) {
            videos.push_back(std::move(video));
            continue;
        }
        const std::vector<fs::path> pictures = pictures_in_folder(item.path);
        if (!folders.holds_photos(item.path, pictures)) {
            video.guessed_frames = int64_t(pictures.size());
            videos.push_back(std::move(video));
            continue;
        }
        for (const fs::path& picture : pictures)
            describer.describe({picture, SourceKind::picture}, videos.emplace_back());
    }
    make_ids_unique(videos);
    if (notices != nullptr) {
        describer.add_notices(*notices);
        folders.add_notices(*notices);
    }
    return videos;
}

}  // namespace unmask
