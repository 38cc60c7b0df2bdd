// SPDX-License-Identifier: Apache-2.0
// The face pictures of one split of a manifest, decoded and resized, for training and evaluation.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"
#include "data/manifest.h"
#include "data/self_blend/forger.h"

namespace unmask {

struct DatasetOptions {
    int size = 224;                          // side of the pictures that are handed out
    int64_t cache_bytes = int64_t{2} << 30;  // decoded pictures are kept when all of them fit; 0: never
    // Forgeries beside the manifest's real rows, drawn anew for every epoch, instead of its forgeries.
    Forge forge = Forge::none;
    uint64_t forge_seed = 0;
};

// The manifest's rows whose split has that name; "all" takes every row.
[[nodiscard]] Manifest select_split(const Manifest& manifest, std::string_view split);

// "train 120, val 20, test 0, none 4": what splits there are, for messages.
[[nodiscard]] std::string describe_splits(const Manifest& manifest);

class FaceDataset {
  public:
    // Error when there is no row, or when the size is not positive. The files are opened when asked for.
    FaceDataset(Manifest manifest, const DatasetOptions& options = {});

    [[nodiscard]] size_t size() const { return manifest_.rows.size(); }
    [[nodiscard]] const ManifestRow& row(size_t index) const { return manifest_.rows[index]; }
    [[nodiscard]] const std::vector<ManifestRow>& rows() const { return manifest_.rows; }
    [[nodiscard]] std::filesystem::path file(size_t index) const { return manifest_.file(row(index)); }
    [[nodiscard]] const DatasetOptions& options() const { return options_; }
    [[nodiscard]] std::vector<int> labels() const;
    [[nodiscard]] bool keeps_pictures() const { return keep_; }
    [[nodiscard]] const Forger* forger() const { return forger_.get(); }  // null where nothing is forged

    // The picture, size × size; with forgeries that of the epoch. Error names the file when it cannot be
    // read. Any number of threads may ask.
    [[nodiscard]] std::shared_ptr<const Image> image(size_t index, int64_t epoch = 0) const;

  private:
    [[nodiscard]] std::shared_ptr<const Image> stored(size_t index) const;
    Manifest manifest_;
    DatasetOptions options_;
    std::unique_ptr<const Forger> forger_;
    bool keep_ = false;
    mutable std::mutex mutex_;
    mutable std::vector<std::shared_ptr<const Image>> kept_;
};

}  // namespace unmask
