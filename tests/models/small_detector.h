// SPDX-License-Identifier: Apache-2.0
// A detector that is written and read quickly.
#pragma once

#include <memory>

#include "models/detector.h"

namespace unmask {

inline std::unique_ptr<Detector> small_detector() {
    auto detector = std::make_unique<Detector>(DetectorOptions{
        .backbone = "mobilenet_v1", .branches = 2, .width = 0.125, .size = 48, .dropout = 0.3});
    detector->initialize(4);
    return detector;
}

}  // namespace unmask
