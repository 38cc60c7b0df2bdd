// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/model_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/number_range.h"
#include "data/face_detector.h"

namespace unmask {

void add_model_options(CLI::App& app, ModelOptions& options) {
    DetectionOptions& detection = options.detection;
    app.add_option("--model", options.model, "Model file that unmask train wrote")
        ->required()
        ->option_text("M");
    app.add_option("--frames", detection.frames, "Evenly spaced frames of a video or clip; 0: all")
        ->capture_default_str()
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--faces", detection.faces,
                   "dlib: look for faces; whole: the picture is a face crop already")
        ->capture_default_str()
        ->check(CLI::IsMember(face_detector_names()));
    app.add_option("--margin", options.margin,
                   "Side of the crop over the side of the face's box; default: the model's own")
        ->check(number_range(0.1, 10));
    app.add_option("--landmarks", detection.landmarks,
                   "Model of face landmarks for a detector of aligned faces; default: the installed one")
        ->option_text("FILE");
    app.add_option("--batch", detection.batch, "Faces that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    std::vector<std::string> names;
    for (const Aggregation& entry : aggregation_table()) names.emplace_back(entry.name);
    app.add_option("--aggregate", detection.aggregation, "How a track's score comes from its faces'")
        ->capture_default_str()
        ->check(CLI::IsMember(names));
}

void add_threshold_options(CLI::App& app, ModelOptions& options) {
    app.add_option("--threshold", options.threshold,
                   "Fake from this score up; default: the model's own thresholds, or 0.5")
        ->check(number_range(0, 1));
    app.add_option("--band", options.band, "Undecided closer to the threshold than this")
        ->check(number_range(0, 1));
}

OpenModel open_model(const ModelOptions& options, const GlobalOptions& global) {
    OpenModel model{.loaded = load_detector(options.model), .detection = options.detection, .thresholds = {}};
    model.loaded.detector->to(global.compute.device);
    const CheckpointInfo& info = model.loaded.info;
    DetectionOptions& detection = model.detection;
    detection.preprocessing = info.preprocessing;
    if (options.margin > 0) detection.preprocessing.face_margin = options.margin;
    detection.threads = resolved_threads(global.threads);
    detection.compute = global.compute;
    detection.temperature = temperature_of(info);
    model.thresholds = thresholds_of(info);
    if (options.threshold || options.band) {
        const double threshold = options.threshold.value_or(0.5), band = options.band.value_or(0);
        model.thresholds = {std::max(0.0, threshold - band), std::min(1.0, threshold + band)};
    }
    return model;
}

}  // namespace unmask
