// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/calibrate_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/dataset/data_warnings.h"
#include "apps/evaluation/calibration.h"
#include "engine/error.h"

namespace unmask {

ModelCalibration calibrate_model(const EvaluateOptions& options) {
    // The rows may be those of training, on which a model is surer than it should be.
    const bool has_splits = std::ranges::any_of(read_manifest(options.data.front()).rows,
                                                [](const ManifestRow& row) { return !row.split.empty(); });
    if (!has_splits && options.split != "all")
        fail(
            "{}: has no splits, expected rows in split {}; --split all fits on all of them, if the model was "
            "not "
            "trained on any",
            options.data.front().string(), options.split);
    if (options.forge == Forge::none)
        check_both_classes(rows_to_measure(options.data.front(), options.split, options.forge),
                           options.data.front(), "calibration in split " + options.split);
    const DatasetEvaluation measured = std::move(evaluate_model(options).front());
    std::vector<int> labels;
    for (const ManifestRow& row : measured.rows) labels.push_back(row.label);
    const std::string data =
        fmt::format("{}, split {}", options.data.front().filename().string(), measured.protocol.split);
    const std::optional<CalibrationFit> fitted =
        fit_calibration(measured.scores, labels, video_numbers(measured.rows), data);
    if (!fitted)
        fail("{}: calibration expected real and fake pictures in split {}, found {} real and {} fake",
             options.data.front().string(), options.split, measured.evaluation.all.frame.real,
             measured.evaluation.all.frame.fake);
    const std::vector<double> after = calibrated(measured.scores, fitted->calibration.temperature);
    return {.fit = *fitted,
            .ece_before = *expected_calibration_error(measured.scores, labels),
            .ece_after = *expected_calibration_error(after, labels),
            .log_loss_before = *log_loss(measured.scores, labels),
            .log_loss_after = *log_loss(after, labels)};
}

GenuineMaps missing_genuine_maps(const EvaluateOptions& options) {
    const LoadedDetector model = load_for_evaluation(options);
    if (!genuine_maps_of(model).branches.empty()) return {};
    Manifest real = rows_to_measure(options.data.front(), options.split, options.forge);
    std::erase_if(real.rows, [](const ManifestRow& row) { return row.label != 0; });
    const FaceDataset pictures(std::move(real), {.size = model.detector->options().size, .cache_bytes = 0});
    const Preprocessing& preprocessing = model.info.preprocessing;
    return measure_genuine_maps(*model.detector, pictures, {preprocessing.mean, preprocessing.deviation},
                                options.batch, options.compute);
}

}  // namespace unmask
