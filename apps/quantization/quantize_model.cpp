// SPDX-License-Identifier: Apache-2.0
#include "apps/quantization/quantize_model.h"

#include <fmt/format.h>

#include "apps/detection/sources.h"
#include "apps/evaluation/evaluate_model.h"
#include "apps/progress.h"
#include "data/file_magic.h"
#include "data/frame_source.h"
#include "data/loader.h"
#include "engine/error.h"
#include "models/quantization_calibrator.h"

namespace unmask {
namespace {

// The pictures directly in the folder.
Manifest folder_rows(const std::filesystem::path& folder) {
    Manifest result{.directory = folder, .rows = {}, .source = folder};
    for (const DetectionInput& input : expand_input(folder.string(), false))
        if (input.problem.empty() && is_picture(file_magic(input.path)))
            result.rows.push_back({.path = std::filesystem::absolute(input.path).string(),
                                   .video = {},
                                   .split = {},
                                   .dataset = {},
                                   .method = {}});
    if (result.rows.empty()) fail("{}: expected pictures of faces, found none", folder.string());
    return result;
}

Manifest chosen_rows(const QuantizeOptions& options) {
    Manifest rows = std::filesystem::is_directory(options.calibration)
                        ? folder_rows(options.calibration)
                        : rows_to_measure(options.calibration, options.split, Forge::none);
    std::vector<ManifestRow> chosen;
    for (const int64_t place : evenly_spaced(int64_t(rows.rows.size()), options.pictures))
        chosen.push_back(rows.rows[size_t(place)]);
    rows.rows = std::move(chosen);
    return rows;
}

}  // namespace

LoadedDetector quantize_model(const QuantizeOptions& options) {
    LoadedDetector model = load_detector(options.model);
    Detector& detector = *model.detector;
    if (model.info.quantization)
        fail("{}: expected a model that computes in float32, found one that is quantized",
             options.model.string());
    detector.to(options.compute.device);
    const FaceDataset dataset(chosen_rows(options), {.size = detector.options().size, .cache_bytes = 0});
    const Preprocessing& preprocessing = model.info.preprocessing;
    DataLoader loader(dataset, {.batch = options.batch,
                                .threads = options.threads,
                                .sampling = {.shuffle = false},
                                .augmentation = {},
                                .normalisation = {preprocessing.mean, preprocessing.deviation}});
    QuantizationCalibrator calibrator(detector);
    Progress progress("quantize", int64_t(dataset.size()), "images");
    loader.start(0);
    while (const std::optional<Batch> batch = loader.next()) {
        calibrator.add(model_input(batch->images, options.compute));
        progress.update(calibrator.images());
    }
    model.info.quantization = Quantization{.scales = calibrator.scales(options.range),
                                           .range = std::string(name_of(options.range)),
                                           .data = options.calibration.filename().string(),
                                           .pictures = calibrator.images()};
    model.info.weights = WeightFormat::int8;
    return model;
}

}  // namespace unmask
