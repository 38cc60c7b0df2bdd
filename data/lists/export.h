// SPDX-License-Identifier: Apache-2.0
// A manifest as other programs' lists.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

struct ExportOptions {
    std::filesystem::path
        root;  // paths below it are written relative to it, others absolute; empty: all absolute
    std::string compression;  // of rows of the FaceForensics++ family that say none
};

struct ExportResult {
    std::vector<std::filesystem::path> files;
    std::vector<std::string> notices;  // what the format cannot hold
    int64_t videos = 0, frames = 0;
};

// DeepfakeBench's JSON, atomically. What its keys cannot say (another id, method or frame number than
// import_lists would take from them, and identities) stands below a key "unmask" of the video, which
// DeepfakeBench does not read; import_lists gives back the same rows, in another order. Rows without a split
// have no place in it and are counted in a notice. Error where no row has one, for rows of the
// FaceForensics++ family without a compression, for a path that is not UTF-8, and for a packed shard.
ExportResult export_deepfakebench(const Manifest& manifest, const std::filesystem::path& file,
                                  const ExportOptions& options = {});

// The paper's lists {train,val,test}_{real,fake}.txt, those with rows, each atomically, into the folder. They
// hold folders of frames, splits and labels; what else the manifest says is lost unless the folders' layout
// tells it. Rows without a split, and pictures of a listed folder that the manifest does not have, are
// counted in notices. Error when no row has a split, when a folder holds frames of two videos or labels, or
// has some of its frames on one side of the split and others on another (each list names whole folders), for
// a name with a line end, when one of the six lists is there already, and for a packed shard.
ExportResult export_txt_lists(const Manifest& manifest, const std::filesystem::path& folder,
                              const ExportOptions& options = {});

}  // namespace unmask
