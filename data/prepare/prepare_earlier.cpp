// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_earlier.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "data/layouts/listing.h"
#include "data/prepare/prepare_record.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

void check_source(const fs::path& output, const SourceVideo& video, const VideoRecord& record) {
    if (record.source.empty() || record.source == recorded_source(video.path)) return;
    if (std::error_code ignored; !fs::exists(record.source, ignored)) {
        if (record.fingerprint.ends_with(source_fingerprint(video))) return;  // moved
        fail(
            "{}: video \"{}\" of \"{}\" in {} comes from {}, which is not there any more, and this one "
            "has "
            "another size or time; if it is the same video, remove {} to prepare it anew, else choose "
            "another output folder",
            video.path.string(), video.video, video.dataset, output.string(), record.source,
            record_path(output, video).string());
    }
    fail(
        "{} and {} would both be video \"{}\" of \"{}\" in {}; choose another output folder, or give the "
        "folders "
        "of the videos different names",
        record.source, video.path.string(), video.video, video.dataset, output.string());
}

// Crops of the videos that are complete and that this run would cut anew.
class OtherCrops {
  public:
    explicit OtherCrops(std::string options) : options_(std::move(options)) {}

    void add(const VideoRecord& record) {
        if (record.faces.empty() || record.fingerprint.starts_with(options_ + " ")) return;
        if (videos_++ == 0) first_ = record.fingerprint.substr(0, record.fingerprint.find(" files="));
        faces_ += record.faces.size();
    }
    void check(const fs::path& output) const {
        if (videos_ == 0) return;
        fail(
            "{}: holds {} crops of {} of these videos that were cut otherwise ({}), found {}; choose another "
            "output folder, the same options, or --overwrite to cut them anew",
            output.string(), faces_, videos_, without_version(first_), without_version(options_));
    }

  private:
    static std::string without_version(const std::string& text) { return text.substr(text.find(' ') + 1); }

    std::string options_, first_;
    size_t videos_ = 0, faces_ = 0;
};

void check_videos(const fs::path& output, const std::vector<SourceVideo>& videos,
                  const PrepareOptions& options, bool with_landmarks) {
    OtherCrops others(recorded_options(options, with_landmarks));
    for (const SourceVideo& video : videos) {
        const std::optional<VideoRecord> record = read_record(record_path(output, video));
        if (!record) continue;
        check_source(output, video, *record);
        others.add(*record);
    }
    if (!options.overwrite) others.check(output);
}

std::string text(const CropSettings& settings) {
    return fmt::format("size {}, margin {}, detector {}{}", settings.size, settings.margin, settings.detector,
                       settings.aligned ? ", aligned" : "");
}

void check_settings(const fs::path& file, const CropSettings& settings) {
    const std::optional<CropSettings> earlier = read_crop_settings(file);
    if (!earlier || *earlier == settings) return;
    fail(
        "{}: holds faces of other videos with {}, expected the same for all, found {}; choose another output "
        "folder or the same settings",
        file.string(), text(*earlier), text(settings));
}

// A manifest that another command or a person wrote lists pictures that no prepare cut.
void check_own(const fs::path& output, const fs::path& manifest, const fs::path& picture) {
    if (lies_below(fs::absolute(picture).lexically_normal(), output / "crops")) return;
    fail(
        "{}: lists {}, expected crops of prepare alone for these videos; choose another output folder, or "
        "--overwrite to replace the manifest",
        manifest.string(), picture.string());
}

// The folders whose pictures are clips, or photos, in this run.
struct TakenFolders {
    std::set<std::string> clips, photos;

    explicit TakenFolders(const std::vector<SourceVideo>& videos) {
        for (const SourceVideo& video : videos) {
            if (video.kind == SourceKind::folder) clips.insert(recorded_source(video.path));
            if (video.kind == SourceKind::picture) photos.insert(recorded_source(video.path.parent_path()));
        }
    }
    // Whether the source of another video is a clip whose pictures are photos now, or a photo of what is a
    // clip.
    [[nodiscard]] bool hold(const std::string& source) const {
        return photos.contains(source) || clips.contains(fs::path(source).parent_path().string());
    }
};

}  // namespace

fs::path record_path(const fs::path& output, const SourceVideo& video) {
    return output / "records" / video.dataset / (video.video + ".json");
}

std::string recorded_options(const PrepareOptions& options, bool with_landmarks) {
    return fmt::format("version=2 frames={} size={} margin={} detector={} aligned={} landmarks={}",
                       options.frames, options.size, options.margin, options.detector, options.align,
                       with_landmarks);
}

EarlierRuns::EarlierRuns(const fs::path& output, const std::vector<SourceVideo>& videos,
                         const CropSettings& settings, const PrepareOptions& options, bool with_landmarks) {
    check_videos(output, videos, options, with_landmarks);
    const fs::path file = output / "faces.csv";
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return;
    std::set<std::pair<std::string, std::string>> present;
    for (const SourceVideo& video : videos) present.emplace(video.dataset, video.video);
    const Manifest earlier = read_manifest(file);
    const TakenFolders taken(videos);
    std::map<std::pair<std::string, std::string>, bool> same_pictures;  // of other videos
    for (const ManifestRow& row : earlier.rows) {
        const bool is_replaced = present.contains({row.dataset, row.video});
        if (is_replaced && !options.overwrite) check_own(output, file, earlier.file(row));
        if (is_replaced || !fs::is_regular_file(earlier.file(row), ignored)) continue;
        const auto [known, is_new] = same_pictures.try_emplace({row.dataset, row.video}, false);
        if (is_new) {
            const std::optional<VideoRecord> record =
                read_record(record_path(output, {.dataset = row.dataset, .video = row.video}));
            known->second = record && taken.hold(record->source);
            if (known->second && !options.overwrite)
                fail(
                    "{}: an earlier run took pictures of {} otherwise, as photos or as the frames of one "
                    "clip; "
                    "choose another output folder, the same --pictures, or --overwrite to replace their "
                    "faces",
                    output.string(), record->source);
        }
        if (!known->second) kept_.push_back(row);
    }
    if (!kept_.empty()) check_settings(file, settings);
}

void EarlierRuns::give_up_manifest(const fs::path& output, const CropSettings& settings) const {
    const fs::path manifest = output / "faces.csv";
    const std::optional<CropSettings> earlier = read_crop_settings(manifest);
    if (!earlier || *earlier == settings) return;
    for (const fs::path& file : {manifest, output / "prepare.json"}) {
        std::error_code error;
        fs::remove(file, error);
        if (error) fail("{}: cannot be removed: {}", file.string(), error.message());
    }
}

int64_t EarlierRuns::add_rows(Manifest& manifest) const {
    manifest.rows.insert(manifest.rows.end(), kept_.begin(), kept_.end());
    return int64_t(kept_.size());
}

}  // namespace unmask
