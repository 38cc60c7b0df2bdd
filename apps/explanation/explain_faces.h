// SPDX-License-Identifier: Apache-2.0
// The heat maps of faces that detection kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/detection/file_detector.h"
#include "apps/explanation/grad_cam.h"

namespace unmask {

// Of each of file.pictures.faces, in their order. `options` are those that the file was detected with. Error
// for genuine maps that are not the detector's.
[[nodiscard]] std::vector<HeatMaps> explain_faces(const LoadedDetector& model, const FileScore& file,
                                                  const DetectionOptions& options);

// Writes FOLDER/STEM-face.png, STEM-whole.png and STEM-branch-I.png, I from 1, at least 224 pixels wide; returns them.
std::vector<std::filesystem::path> write_heat_maps(const std::filesystem::path& folder,
                                                   const std::string& stem, const Image& face,
                                                   const HeatMaps& maps);

}  // namespace unmask
