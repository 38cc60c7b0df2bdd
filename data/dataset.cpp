// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/manifest_pictures.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr int64_t usual_crop = 256;  // side of prepare's crops, to estimate what the cache would hold

}  // namespace

Manifest select_split(const Manifest& manifest, std::string_view split) {
    if (split == "all") return manifest;
    Manifest selected{
        .directory = manifest.directory, .rows = {}, .source = manifest.source, .shard = manifest.shard};
    std::ranges::copy_if(manifest.rows, std::back_inserter(selected.rows),
                         [&](const ManifestRow& row) { return row.split == split; });
    return selected;
}

std::string describe_splits(const Manifest& manifest) {
    std::map<std::string, int64_t> counts{{"train", 0}, {"val", 0}, {"test", 0}};
    int64_t without = 0;
    for (const ManifestRow& row : manifest.rows) ++(row.split.empty() ? without : counts[row.split]);
    std::string text =
        fmt::format("train {}, val {}, test {}", counts["train"], counts["val"], counts["test"]);
    if (without > 0) text += fmt::format(", no split {}", without);
    return text;
}

FaceDataset::FaceDataset(Manifest manifest, const DatasetOptions& options)
    : manifest_(std::move(manifest)), options_(options) {
    if (manifest_.rows.empty()) fail("a data set needs at least one picture, found none");
    if (options_.size < 1) fail("the size of the pictures must be positive, found {}", options_.size);
    int64_t side = options_.size;
    if (options_.forge == Forge::self_blend) {
        manifest_ = with_self_blends(manifest_);
        forger_ = std::make_unique<const Forger>(manifest_, options_.forge_seed);
        // Forging works on whole crops; each serves two rows.
        const std::optional<CropSettings> prepared =
            manifest_.source.empty() ? std::nullopt : read_crop_settings(manifest_.source);
        side = prepared ? prepared->size : usual_crop;
        if (manifest_.shard && manifest_.shard->size() > 0) side = manifest_.shard->size();
    }
    const int64_t bytes = int64_t(size()) / (forger_ ? 2 : 1) * side * side * 3;
    keep_ = bytes <= options_.cache_bytes;
    if (keep_) kept_.resize(size());
}

std::vector<int> FaceDataset::labels() const {
    std::vector<int> labels(size());
    for (size_t i = 0; i < size(); ++i) labels[i] = row(i).label;
    return labels;
}

std::shared_ptr<const Image> FaceDataset::image(size_t index, int64_t epoch) const {
    UNMASK_ASSERT(index < size());
    if (!forger_) return stored(index);
    // A real row and its forgery are neighbours and share the crop of the first.
    const std::shared_ptr<const Image> crop = stored(index - index % 2);
    const ManifestRow& face = row(index);
    Image picture = face.label == 0 ? forger_->real(*crop, face, epoch) : forger_->forged(*crop, face, epoch);
    return std::make_shared<const Image>(resize(picture, options_.size, options_.size));
}

// The row's picture: at the size that is handed out, or as it is on disk where forgeries are made of it.
std::shared_ptr<const Image> FaceDataset::stored(size_t index) const {
    if (keep_) {
        const std::lock_guard lock(mutex_);
        if (kept_[index] != nullptr) return kept_[index];
    }
    Image picture = read_picture(manifest_, row(index));
    if (!forger_ && (picture.width != options_.size || picture.height != options_.size))
        picture = resize(picture, options_.size, options_.size);
    auto image = std::make_shared<const Image>(std::move(picture));
    if (keep_) {
        const std::lock_guard lock(mutex_);
        kept_[index] = image;
    }
    return image;
}

}  // namespace unmask
