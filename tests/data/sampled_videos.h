// SPDX-License-Identifier: Apache-2.0
// Rows of four videos.
#pragma once

#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// Videos a (real, 7 pictures) and b (fake, 2), a second b of another method, and c (real, 3).
inline std::vector<ManifestRow> sampled_videos() {
    std::vector<ManifestRow> rows;
    const auto add = [&](const char* video, const char* method, int label, int count) {
        for (int i = 0; i < count; ++i)
            rows.push_back({.path = std::to_string(rows.size()),
                            .video = video,
                            .dataset = "set",
                            .method = method,
                            .label = label});
    };
    add("a", "original", 0, 7);
    add("b", "Deepfakes", 1, 2);
    add("b", "FaceSwap", 1, 1);
    add("c", "original", 0, 3);
    return rows;
}

}  // namespace unmask
