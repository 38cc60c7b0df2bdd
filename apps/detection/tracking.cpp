// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/tracking.h"

#include <algorithm>
#include <cmath>

namespace unmask {
Appearance appearance_of(const Image& face) {
    Appearance shares{};
    const std::vector<uint8_t>& pixels = face.pixels;
    for (size_t i = 0; i + 2 < pixels.size(); i += 3)
        shares[size_t(pixels[i] >> 5) * 64 + size_t(pixels[i + 1] >> 5) * 8 + size_t(pixels[i + 2] >> 5)] +=
            1;
    const auto count = float(pixels.size() / 3);
    for (float& share : shares) share = std::sqrt(share / count);
    return shares;
}

double similarity(const Appearance& a, const Appearance& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * double(b[i]);
    return sum;
}

double overlap(const Box& a, const Box& b) {
    const int64_t width =
        std::min<int64_t>(int64_t{a.x} + a.width, int64_t{b.x} + b.width) - std::max<int64_t>(a.x, b.x);
    const int64_t height =
        std::min<int64_t>(int64_t{a.y} + a.height, int64_t{b.y} + b.height) - std::max<int64_t>(a.y, b.y);
    if (width <= 0 || height <= 0) return 0;
    const double common = double(width) * double(height);
    return common / (double(a.area()) + double(b.area()) - common);
}

std::vector<int64_t> FaceTracker::next(std::span<const SeenFace> faces) {
    struct Pair {
        double affinity;
        size_t track, face;
    };
    std::vector<Pair> pairs;
    for (size_t t = 0; t < tracks_.size(); ++t)
        for (size_t f = 0; f < faces.size(); ++f) {
            const double looks = similarity(tracks_[t].last.appearance, faces[f].appearance);
            const double affinity = looks + overlap(tracks_[t].last.box, faces[f].box);
            if (looks >= least_similarity) pairs.push_back({affinity, t, f});
        }
    // The best pairs first; ties by track and face, so that the answer has one order.
    std::ranges::stable_sort(pairs, [](const Pair& a, const Pair& b) { return a.affinity > b.affinity; });
    std::vector<int64_t> result(faces.size(), -1);
    std::vector<bool> taken(tracks_.size(), false);
    for (const Pair& pair : pairs) {
        if (taken[pair.track] || result[pair.face] >= 0) continue;
        taken[pair.track] = true;
        Track& track = tracks_[pair.track];
        result[pair.face] = track.number;
        track.last = faces[pair.face];
        track.frame = frame_;
    }
    for (size_t f = 0; f < faces.size(); ++f) {
        if (result[f] >= 0) continue;
        result[f] = count_;
        tracks_.push_back({faces[f], frame_, count_++});
    }
    ++frame_;
    std::erase_if(tracks_, [&](const Track& track) { return frame_ - track.frame > most_missed + 1; });
    return result;
}

}  // namespace unmask
