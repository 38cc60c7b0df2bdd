// SPDX-License-Identifier: Apache-2.0
// What earlier runs of prepare left in the output folder, read before a new run changes anything.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/layouts/layout.h"
#include "data/manifest.h"
#include "data/prepare/prepare.h"

namespace unmask {

// Where a video's record is.
[[nodiscard]] std::filesystem::path record_path(const std::filesystem::path& output,
                                                const SourceVideo& video);

// The options that a video's crops depend on, as its record's fingerprint begins.
[[nodiscard]] std::string recorded_options(const PrepareOptions& options, bool with_landmarks);

class EarlierRuns {
  public:
    // Reads OUT/faces.csv. Error when it is damaged, when it lists other pictures than crops for one of the
    // videos and `options.overwrite` does not give them up, when one of the videos is recorded under the same
    // dataset and id from another source, when crops of the videos were cut with other options and
    // `options.overwrite` does not give them up, or when rows of other videos would stay beside crops that
    // are cut differently or show the same pictures. A source that was moved as it is counts as the same.
    EarlierRuns(const std::filesystem::path& output, const std::vector<SourceVideo>& videos,
                const CropSettings& settings, const PrepareOptions& options, bool with_landmarks);

    // Where the manifest's crops are cut with other settings than these: removes it with its settings, before
    // the first crop is cut anew. It would otherwise outlive an interruption and list crops of two kinds.
    void give_up_manifest(const std::filesystem::path& output, const CropSettings& settings) const;

    // Appends the rows of videos that the new run does not look at (another folder, with another --label) and
    // whose crops are there. Returns how many.
    int64_t add_rows(Manifest& manifest) const;

  private:
    std::vector<ManifestRow> kept_;
};

}  // namespace unmask
