// SPDX-License-Identifier: Apache-2.0
// Finding the videos of a dataset on disk and what is known about each from where it lies: label, method,
// identities.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/frame_source.h"
#include "data/layouts/picture_folders.h"
#include "data/split.h"

namespace unmask {

struct SourceVideo {
    std::filesystem::path path;  // the video file, the folder of frames, or the single picture
    SourceKind kind = SourceKind::video;
    int label = 0;            // 0 real, 1 fake
    std::string dataset;      // such as "FaceForensics++"
    std::string method;       // "original", or what forged it
    std::string video;        // id, unique within the dataset, such as "Deepfakes/519_515"
    std::string compression;  // "raw", "c23", "c40", or empty
    std::string official;     // "train", "val" or "test" where the dataset's own lists say so, official_rest
                              // where they say only that it is no test video, else empty
    std::vector<std::string> identities;  // who can be seen or was put in; shared ones tie videos together
    int64_t guessed_frames = 0;  // pictures in a folder that was taken for a clip by their names; else 0
};

// How one dataset lies on disk. An instance serves one folder, so that it can read the dataset's lists once.
class Layout {
  public:
    virtual ~Layout() = default;

    // Fills label, dataset, method, video, compression, official and identities of a video at an absolute
    // path; false when the path does not follow this layout.
    // Error for a list of the dataset that cannot be understood or does not have the video.
    [[nodiscard]] virtual bool describe(const std::filesystem::path& path, SourceVideo& video) const = 0;

    // After all videos have been described: what the dataset's lists name and nobody asked for.
    virtual void add_notices(std::vector<std::string>&) const {}
};

// A line of the table of layouts.
struct LayoutEntry {
    const char* name;
    const char* shape;  // the paths that it accepts, for messages
    std::unique_ptr<Layout> (*open)(const std::filesystem::path& root);
};

// All layouts, in the order in which they are asked.
[[nodiscard]] const std::vector<LayoutEntry>& layout_table();

// The videos below the folder (or the one file given), sorted by path: files with a video's name or content,
// and folders holding pictures, whose pictures are the frames of one video; pictures directly in `directory`
// or in a folder named real or fake stand for themselves, and so do those of other folders of no known
// dataset where `rule` or PictureFolders says so. Folders named masks or with a leading dot are skipped, and
// so is the folder `leave_out` where one is given; a folder that symbolic links lead to counts once. With
// `label_override` (0 or 1) every video gets that label, the folder's name as dataset and its relative path
// as id. Error when the folder is missing or holds no video, when a label cannot be determined (names the
// file and the accepted layouts), or when two videos would share an id. `notices` gets what a user should
// know, such as videos that the dataset's lists name and that are not there.
[[nodiscard]] std::vector<SourceVideo> find_videos(const std::filesystem::path& directory,
                                                   std::optional<int> label_override = {},
                                                   const std::filesystem::path& leave_out = {},
                                                   std::vector<std::string>* notices = nullptr,
                                                   PictureRule rule = PictureRule::automatic);

// The layouts, one file each.
[[nodiscard]] std::unique_ptr<Layout> open_faceforensics_layout(const std::filesystem::path& root);
[[nodiscard]] std::unique_ptr<Layout> open_celeb_df_layout(const std::filesystem::path& root);
[[nodiscard]] std::unique_ptr<Layout> open_dfdc_layout(const std::filesystem::path& root);
[[nodiscard]] std::unique_ptr<Layout> open_dfdc_preview_layout(const std::filesystem::path& root);
[[nodiscard]] std::unique_ptr<Layout> open_folders_layout(const std::filesystem::path& root);

}  // namespace unmask
