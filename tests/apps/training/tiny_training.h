// SPDX-License-Identifier: Apache-2.0
// A training that takes a second, for tests of what happens around its steps.
#pragma once

#include <sstream>
#include <string>

#include "apps/training/train_options.h"
#include "tests/support/file_bytes.h"

namespace unmask {

// Three epochs of four steps with everything that a checkpoint has to remember.
inline TrainOptions tiny_training(const std::filesystem::path& data, const std::filesystem::path& output) {
    TrainOptions options;
    options.data = data;
    options.output = output;
    options.threads = 1;
    options.model = {.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 32, .dropout = 0.2};
    options.epochs = 3;
    options.batch = 4;
    options.seed = 3;
    options.mixup = 0.5;
    options.average_decay = 0.9;
    options.schedule.learning_rate = 3e-3;
    options.schedule.warmup = 3;
    return options;
}

// metrics.csv without its times.
inline std::string metrics_without_times(const std::filesystem::path& run) {
    std::istringstream text(bytes_of(run / "metrics.csv"));
    std::string result;
    for (std::string line; std::getline(text, line);) {
        std::istringstream cells(line);
        std::string cell;
        for (int column = 0; std::getline(cells, cell, ','); ++column)
            if (column != 7 && column != 8) result += cell + ",";
        result += "\n";
    }
    return result;
}

}  // namespace unmask
