// SPDX-License-Identifier: Apache-2.0
// A small detector that is ready to score, and images for it.
#pragma once

#include <memory>
#include <string>

#include "engine/philox.h"
#include "models/detector.h"

namespace unmask {

// Even in -1 … 1.
inline Tensor noise_images(int64_t batch, uint64_t seed) {
    const Philox random(seed, "images");
    Tensor result = Tensor::empty({batch, 32, 32, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = 2.0f * random.uniform(0, static_cast<uint64_t>(i)) - 1.0f;
    return result;
}

// Of weights as drawn.
inline std::unique_ptr<Detector> inference_detector(const std::string& backbone, Device device = cpu_device,
                                                    BranchSchedule schedule = BranchSchedule::automatic) {
    auto detector = std::make_unique<Detector>(
        DetectorOptions{.backbone = backbone, .branches = 2, .width = 0.25, .size = 32});
    detector->initialize(3);
    detector->to(device);
    detector->set_training(false);
    detector->prepare_inference();
    detector->set_branch_schedule(schedule);
    return detector;
}

}  // namespace unmask
