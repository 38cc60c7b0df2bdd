// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/forger.h"

#include <fmt/format.h>

#include <utility>

#include "data/landmarks/manifest_landmarks.h"
#include "data/prepare/prepare.h"
#include "engine/error.h"

namespace unmask {

Forge parse_forge(std::string_view text) {
    if (text == "none") return Forge::none;
    if (text == "self-blend") return Forge::self_blend;
    fail("forge: expected none or self-blend, found \"{}\"", text);
}

Manifest rows_to_read(Manifest manifest, Forge forge) {
    if (forge == Forge::none) return manifest;
    const size_t rows = manifest.rows.size();
    std::erase_if(manifest.rows, [](const ManifestRow& row) { return row.label != 0; });
    if (manifest.rows.empty())
        fail("{}: forgeries are made of real faces, expected at least one, found none among {} rows",
             manifest.source.string(), rows);
    return manifest;
}

Manifest with_self_blends(const Manifest& manifest) {
    Manifest result = rows_to_read(manifest, Forge::self_blend);  // with its folder, file and shard
    for (const ManifestRow& row : std::exchange(result.rows, {})) {
        result.rows.push_back(row);
        result.rows.push_back(row);
        result.rows.back().label = 1;
        result.rows.back().method = self_blend_method;
    }
    return result;
}

Forger::Forger(const Manifest& manifest, uint64_t seed, const SelfBlendOptions& options)
    : seed_(seed), options_(options), landmarks_(landmarks_of(manifest)) {
    if (!manifest.source.empty())
        if (const auto settings = read_crop_settings(manifest.source);
            settings && settings->detector != "whole")
            options_.box_share = 1 / settings->margin;
}

SelfBlendDraw Forger::draw(const ManifestRow& row, int64_t epoch) const {
    const uint64_t face = fnv1a64(fmt::format("{}\n{}\n{}", row.dataset, row.video, row.frame));
    return draw_self_blend(options_, seed_, epoch, face);
}

bool Forger::changes_real(const ManifestRow& row, int64_t epoch) const {
    return draw(row, epoch).changes_target;
}

Image Forger::real(const Image& crop, const ManifestRow& row, int64_t epoch) const {
    return self_blend_target(crop, draw(row, epoch));
}

Image Forger::forged(const Image& crop, const ManifestRow& row, int64_t epoch) const {
    const auto found = landmarks_.find(row.path);
    static const Landmarks unknown;
    return self_blend(crop, found != landmarks_.end() ? found->second : unknown, options_, draw(row, epoch));
}

}  // namespace unmask
