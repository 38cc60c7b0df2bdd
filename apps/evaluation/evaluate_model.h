// SPDX-License-Identifier: Apache-2.0
// A model file on one or several manifests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/evaluation/calibration.h"
#include "apps/evaluation/evaluator.h"
#include "apps/evaluation/protocol.h"
#include "models/checkpoint.h"

namespace unmask {

struct EvaluateOptions {
    std::filesystem::path model;              // a model file
    std::vector<std::filesystem::path> data;  // manifests, each measured by itself
    std::string split = "test";               // or "all"
    Forge forge = Forge::none;  // of the real rows, instead of the forgeries; drawn from bootstrap.seed
    double threshold = 0.5;     // of accuracy
    BootstrapOptions bootstrap{.resamples = 0};
    int batch = 32;
    int threads = 1;  // that load pictures
    Compute compute{};
};

struct DatasetEvaluation {
    Protocol protocol;
    Evaluation evaluation;
    std::vector<ManifestRow> rows;             // with the score of each
    std::vector<double> scores;                // as the network gives them, without the calibration
    std::optional<Calibration> calibration{};  // the model's; what follows is of frames
    CalibrationError calibration_error{};      // its `after` is empty without one
};

// The model on the device of the options. Error names what is wrong with it.
[[nodiscard]] LoadedDetector load_for_evaluation(const EvaluateOptions& options);

// The manifest's rows of the split (all rows, with a notice, when it has no splits), with `forge` the real
// ones alone. Error when there is none or a picture is missing.
[[nodiscard]] Manifest rows_to_measure(const std::filesystem::path& manifest, const std::string& split,
                                       Forge forge);

// They as the model takes them, with the forgeries that the options ask for (a notice says how many).
[[nodiscard]] std::unique_ptr<const FaceDataset> dataset_to_measure(const EvaluateOptions& options,
                                                                    Manifest rows, int input_size);

[[nodiscard]] Protocol protocol_of(const EvaluateOptions& options, const std::filesystem::path& manifest,
                                   const FaceDataset& dataset);

// Fills in the calibration and its error.
void measure_calibration(DatasetEvaluation& evaluation, const std::optional<Calibration>& calibration);

// The model's scores on every manifest, in their order. Shows its progress. Error names what is wrong with
// the model, a manifest, the split, or the pictures: all manifests are read before the first is measured.
[[nodiscard]] std::vector<DatasetEvaluation> evaluate_model(const EvaluateOptions& options);

}  // namespace unmask
