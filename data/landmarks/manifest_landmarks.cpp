// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/manifest_landmarks.h"

#include "data/landmarks/landmark_file.h"
#include "data/shard/shard.h"

namespace unmask {

std::map<std::string, Landmarks> landmarks_of(const Manifest& manifest) {
    std::map<std::string, Landmarks> result;
    if (manifest.shard != nullptr) {
        for (const ManifestRow& row : manifest.rows)
            if (Landmarks found = manifest.shard->landmarks(row.path); !found.empty())
                result.try_emplace(row.path, std::move(found));
        return result;
    }
    std::map<std::filesystem::path, LandmarkTable> folders;
    for (const ManifestRow& row : manifest.rows) {
        const std::filesystem::path file = manifest.file(row);
        auto [folder, fresh] = folders.try_emplace(file.parent_path());
        if (fresh) folder->second = read_landmarks(file.parent_path());
        if (const auto found = folder->second.find(file.filename().string()); found != folder->second.end())
            result.try_emplace(row.path, found->second);
    }
    return result;
}

Landmarks resized_landmarks(Landmarks landmarks, int width, int height, int size) {
    if (width == size && height == size) return landmarks;
    // Whole numbers are the centres of pixels, whose edges are half a pixel away.
    for (Point& point : landmarks)
        point = {(point.x + 0.5) * size / width - 0.5, (point.y + 0.5) * size / height - 0.5};
    return landmarks;
}

}  // namespace unmask
