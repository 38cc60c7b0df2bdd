// SPDX-License-Identifier: Apache-2.0
// Self-blended forgeries for a data set of real faces: every real face stands for a real sample and a forged
// one.
#pragma once

#include <map>
#include <string>

#include "data/image.h"
#include "data/landmarks/point.h"
#include "data/manifest.h"
#include "data/self_blend/self_blend.h"

namespace unmask {

// What a data set forges: nothing, or self-blended images.
enum class Forge { none, self_blend };

// "none" or "self-blend"; Error for another word.
[[nodiscard]] Forge parse_forge(std::string_view text);

inline constexpr const char* self_blend_method = "SelfBlend";

// The rows whose pictures are read where `forge` makes the forgeries: the real ones alone, all of them for
// Forge::none. Error when there is none.
[[nodiscard]] Manifest rows_to_read(Manifest manifest, Forge forge);

// The manifest's real rows, each followed by a row of label fake, method "SelfBlend" and all else the same.
// Rows of forgeries are left out. Error when there is no real row.
[[nodiscard]] Manifest with_self_blends(const Manifest& manifest);

// A file of prepare beside the manifest says how large the face is in its crops, its landmarks
// (data/landmarks/manifest_landmarks.h) where it is. What is drawn for a face depends on the seed, the epoch
// and the row's dataset, video and frame, on nothing else.
class Forger {
  public:
    // Reads the landmarks of all rows; Error for files that cannot be understood.
    Forger(const Manifest& manifest, uint64_t seed, const SelfBlendOptions& options = {});

    // The real picture of the pair, and the forged one, of the row's crop.
    [[nodiscard]] Image real(const Image& crop, const ManifestRow& row, int64_t epoch) const;
    [[nodiscard]] Image forged(const Image& crop, const ManifestRow& row, int64_t epoch) const;
    // Whether the real picture differs from the crop.
    [[nodiscard]] bool changes_real(const ManifestRow& row, int64_t epoch) const;

    [[nodiscard]] int64_t faces_with_landmarks() const { return int64_t(landmarks_.size()); }

  private:
    [[nodiscard]] SelfBlendDraw draw(const ManifestRow& row, int64_t epoch) const;
    uint64_t seed_;
    SelfBlendOptions options_;
    std::map<std::string, Landmarks> landmarks_;  // by the row's path
};

}  // namespace unmask
