// SPDX-License-Identifier: Apache-2.0
// How a detector learns the demo's faces in a minute or two.
#pragma once

#include "apps/demo/demo_faces.h"
#include "apps/training/train_options.h"

namespace unmask {

// By how much the detector learns and how long that takes.
struct DemoTrainingOptions {
    int size = 96;  // pixels, of the detector's input
    int epochs = 10;
};

// The settings of a training on the faces that draw_demo_faces drew with `faces` into the manifest `data`,
// with their seed; the run is written to `output`, which must not exist yet.
[[nodiscard]] TrainOptions demo_training(const std::filesystem::path& data,
                                         const std::filesystem::path& output, const DemoFacesOptions& faces,
                                         const DemoTrainingOptions& training = {});

}  // namespace unmask
