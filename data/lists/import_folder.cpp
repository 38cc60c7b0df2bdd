// SPDX-License-Identifier: Apache-2.0
#include "data/lists/import_folder.h"

#include "data/frame_source.h"
#include "data/layouts/layout.h"
#include "engine/error.h"

namespace unmask {

namespace fs = std::filesystem;

void import_folder(const ListImportOptions& options, const fs::path& folder, ImportResult& result) {
    const std::vector<SourceVideo> videos =
        find_videos(folder, options.label, {}, &result.notices, options.pictures);
    std::vector<SplitItem> items;
    for (const SourceVideo& video : videos) {
        if (video.kind == SourceKind::video)
            fail("{}: is a video, expected cropped pictures; unmask prepare cuts faces out of videos",
                 video.path.string());
        items.push_back({video.dataset + "/" + video.video, video.label, video.identities, video.official});
    }
    const SplitResult split = split_by_video(items, options.split);
    result.notices.insert(result.notices.end(), split.notices.begin(), split.notices.end());
    const size_t first = result.manifest.rows.size();
    for (size_t i = 0; i < videos.size(); ++i) {
        const SourceVideo& video = videos[i];
        const std::vector<fs::path> pictures = video.kind == SourceKind::folder
                                                   ? pictures_in_folder(video.path)
                                                   : std::vector<fs::path>{video.path};
        for (size_t k = 0; k < pictures.size(); ++k)
            result.manifest.rows.push_back(
                {manifest_path(options.manifest, pictures[k]), video.video, split.splits[i], video.dataset,
                 video.method, video.label,
                 video.kind == SourceKind::folder ? frame_number(pictures[k], int64_t(k)) : 0,
                 join_identities(video.identities), video.compression});
    }
    result.videos += int64_t(videos.size());
    if (options.split.by != SplitBy::frame) return;
    Manifest added{result.manifest.directory,
                   {result.manifest.rows.begin() + std::ptrdiff_t(first), result.manifest.rows.end()}};
    result.notices.push_back(split_by_frame(added, options.split));
    std::copy(added.rows.begin(), added.rows.end(), result.manifest.rows.begin() + std::ptrdiff_t(first));
}

}  // namespace unmask
