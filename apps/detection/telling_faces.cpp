// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/telling_faces.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace unmask {
namespace {

constexpr size_t most_stretches = 24;
constexpr size_t short_clip = 8;  // frames, of which each may be shown

const FaceScore& score_of(const FileScore& file, const TellingFace& face) {
    return file.frames[face.frame].faces[face.face];
}

// Frames between the face and the nearest chosen one of its track.
size_t distance(const FileScore& file, const TellingFace& face, const std::vector<TellingFace>& chosen) {
    size_t least = std::numeric_limits<size_t>::max();
    for (const TellingFace& other : chosen)
        if (score_of(file, other).track == score_of(file, face).track)
            least = std::min(least, std::max(face.frame, other.frame) - std::min(face.frame, other.frame));
    return least;
}

}  // namespace

Spread spread_of(size_t frames) {
    Spread spread;
    while (frames > most_stretches * spread.stretch) spread.stretch *= 2;
    spread.apart = frames <= short_clip ? 1 : 2 * spread.stretch;
    return spread;
}

void keep_candidates(FileScore& file) {
    const size_t stretch = spread_of(file.frames.size()).stretch;
    std::vector<TellingFace>& faces = file.pictures.faces;
    std::map<std::pair<int64_t, size_t>, const TellingFace*> best;  // of a track and a stretch of it
    for (const TellingFace& face : faces) {
        const TellingFace*& before = best[{score_of(file, face).track, face.frame / stretch}];
        const auto rank = [&](const TellingFace& one) {
            return std::tuple(-score_of(file, one).score, one.frame);
        };
        if (before == nullptr || rank(face) < rank(*before)) before = &face;
    }
    std::vector<TellingFace> kept;
    for (TellingFace& face : faces)
        if (best[{score_of(file, face).track, face.frame / stretch}] == &face)
            kept.push_back(std::move(face));
    faces = std::move(kept);
}

void choose_telling(FileScore& file) {
    keep_candidates(file);
    const size_t apart = spread_of(file.frames.size()).apart;
    std::vector<TellingFace>& left = file.pictures.faces;
    std::vector<TellingFace> chosen;
    // The best of those at least so far from the chosen ones.
    const auto choose = [&](size_t least_distance) {
        const TellingFace* best = nullptr;
        const auto rank = [&](const TellingFace& face) {
            return std::tuple(score_of(file, face).score, distance(file, face, chosen), -int64_t(face.frame));
        };
        for (const TellingFace& face : left)
            if (distance(file, face, chosen) >= least_distance &&
                (best == nullptr || rank(face) > rank(*best)))
                best = &face;
        if (best == nullptr) return false;
        const auto place = left.begin() + (best - left.data());
        chosen.push_back(std::move(*place));
        left.erase(place);
        return true;
    };
    while (chosen.size() < FilePictures::most && choose(apart)) {
    }
    while (choose(std::numeric_limits<size_t>::max())) {  // of tracks that have none
    }
    left = std::move(chosen);
}

}  // namespace unmask
