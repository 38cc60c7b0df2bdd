// SPDX-License-Identifier: Apache-2.0
// The options that every command which asks a model about files has.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/commands/command.h"
#include "apps/detection/file_detector.h"

namespace unmask {

struct ModelOptions {
    std::string model;
    DetectionOptions detection;
    double margin = 0;                      // 0: the model's own
    std::optional<double> threshold, band;  // instead of the model's own
};

// --model, --frames, --faces, --margin, --landmarks, --batch, --aggregate.
void add_model_options(CLI::App& app, ModelOptions& options);
// --threshold, --band.
void add_threshold_options(CLI::App& app, ModelOptions& options);

// A model that is ready to be asked.
struct OpenModel {
    LoadedDetector loaded;
    DetectionOptions detection;
    VerdictThresholds thresholds;
};
// Error names what is wrong with the model file.
[[nodiscard]] OpenModel open_model(const ModelOptions& options, const GlobalOptions& global);

}  // namespace unmask
