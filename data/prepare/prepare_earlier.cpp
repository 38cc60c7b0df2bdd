// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_earlier.h"

#include <fmt/format.h>

#include <set>
#include <system_error>
#include <utility>

#include "data/prepare/prepare_record.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

void check_sources(const fs::path& output, const std::vector<SourceVideo>& videos) {
    for (const SourceVideo& video : videos) {
        const std::optional<VideoRecord> record = read_record(record_path(output, video));
        if (!record || record->source.empty() || record->source == recorded_source(video.path)) continue;
        if (std::error_code ignored; !fs::exists(record->source, ignored)) {
            if (record->fingerprint.ends_with(source_fingerprint(video))) continue;  // moved
            fail(
                "{}: video \"{}\" of \"{}\" in {} comes from {}, which is not there any more, and this one "
                "has "
                "another size or time; if it is the same video, remove {} to prepare it anew, else choose "
                "another output folder",
                video.path.string(), video.video, video.dataset, output.string(), record->source,
                record_path(output, video).string());
        }
        fail(
            "{} and {} would both be video \"{}\" of \"{}\" in {}; choose another output folder, or give the "
            "folders "
            "of the videos different names",
            record->source, video.path.string(), video.video, video.dataset, output.string());
    }
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

}  // namespace

fs::path record_path(const fs::path& output, const SourceVideo& video) {
    return output / "records" / video.dataset / (video.video + ".json");
}

EarlierRuns::EarlierRuns(const fs::path& output, const std::vector<SourceVideo>& videos,
                         const CropSettings& settings) {
    check_sources(output, videos);
    const fs::path file = output / "faces.csv";
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return;
    std::set<std::pair<std::string, std::string>> present;
    for (const SourceVideo& video : videos) present.emplace(video.dataset, video.video);
    const Manifest earlier = read_manifest(file);
    for (const ManifestRow& row : earlier.rows)
        if (!present.contains({row.dataset, row.video}) && fs::is_regular_file(earlier.file(row), ignored))
            kept_.push_back(row);
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
