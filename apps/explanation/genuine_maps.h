// SPDX-License-Identifier: Apache-2.0
// What the last maps of the branches are of genuine faces, on average: what heat maps are measured from. Kept
// in the model file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/compute.h"
#include "data/dataset.h"
#include "data/normalisation.h"
#include "models/checkpoint.h"

namespace unmask {

struct GenuineMaps {
    std::vector<Tensor> branches;  // [h, w, d] each, f32, on the CPU; empty: not known
};

// The mean over the dataset's real pictures, over most_genuine of them, evenly spaced, where there are more;
// empty where there is none. The detector's mode stays as it is. Error names a picture that cannot be read.
inline constexpr int64_t most_genuine = 128;
[[nodiscard]] GenuineMaps measure_genuine_maps(Detector& detector, const FaceDataset& pictures,
                                               const Normalisation& normalisation, int batch,
                                               const Compute& compute);

// For LoadedDetector::extra, and back; Error where a file's maps are not of its detector's shape.
[[nodiscard]] std::map<std::string, Tensor> tensors_of(const GenuineMaps& maps);
[[nodiscard]] GenuineMaps genuine_maps_of(const LoadedDetector& loaded);

}  // namespace unmask
