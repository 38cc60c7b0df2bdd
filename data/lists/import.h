// SPDX-License-Identifier: Apache-2.0
// Manifests from what others prepared: frame lists, DeepfakeBench's JSON, folders of cropped pictures.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/layouts/picture_folders.h"
#include "data/manifest.h"
#include "data/split.h"

namespace unmask {

struct ListImportOptions {
    // A folder with the paper's lists or one of them (.txt), a DeepfakeBench JSON (.json), or a folder whose
    // layout find_videos understands and which holds pictures.
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path manifest;  // the file to be written, for relative paths
    std::filesystem::path root;      // where the lists' relative paths start, and absolute ones have gone
    std::string compression;         // only this level of DeepfakeBench's; empty: all
    std::optional<int> label;        // 0 or 1: of all pictures of folders
    PictureRule pictures = PictureRule::automatic;  // of folders that are no known dataset's
    SplitOptions split;                             // of folders, which have no lists
};

struct MissingEntry {
    std::string where;              // the line or place that names it
    std::filesystem::path path;     // as it was looked for
    std::filesystem::path nearest;  // that exists
    std::string problem;            // "is not there", "holds no pictures", …
};

struct ImportResult {
    Manifest manifest;  // rows of files that exist, paths below the manifest's folder relative to it
    std::vector<MissingEntry> missing;
    std::vector<std::string> notices;
    int64_t videos = 0;
};

// Writes nothing. Error for lists that cannot be understood, for a video that its path and its list call real
// and fake, and for raw videos (prepare cuts faces out of them).
[[nodiscard]] ImportResult import_lists(const ListImportOptions& options);

// The number in a frame's name ("071_012.png" gives 12), or `otherwise`.
[[nodiscard]] int64_t frame_number(const std::filesystem::path& picture, int64_t otherwise);

}  // namespace unmask
