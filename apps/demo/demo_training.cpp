// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_training.h"

namespace unmask {

TrainOptions demo_training(const std::filesystem::path& data, const std::filesystem::path& output,
                           const DemoFacesOptions& faces, const DemoTrainingOptions& training) {
    TrainOptions options;
    options.data = data;
    options.output = output;
    options.model = {
        .backbone = "resnet18", .branches = 2, .width = 0.25, .size = training.size, .dropout = 0.3};
    options.margin = faces.margin;
    options.crop_size = faces.crop_size;
    options.epochs = training.epochs;
    options.batch = 32;
    options.seed = faces.seed;
    options.schedule.learning_rate = 2e-3;
    options.schedule.warmup = 20;
    options.weight_decay = 1e-4;
    // The flaws of a forgery are small: only what leaves them as they are.
    for (const AugmentationEntry& entry : augmentation_table()) {
        const std::string_view name = entry.name;
        if (name != "flip" && name != "affine") options.augmentation.set_probability(name, 0);
    }
    return options;
}

}  // namespace unmask
