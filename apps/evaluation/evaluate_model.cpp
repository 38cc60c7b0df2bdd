// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluate_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/console.h"
#include "apps/evaluation/forging_notice.h"
#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {

LoadedDetector load_for_evaluation(const EvaluateOptions& options) {
    LoadedDetector model = load_detector(options.model);
    model.detector->to(options.compute.device);
    return model;
}

Manifest rows_to_measure(const std::filesystem::path& path, const std::string& split, Forge forge) {
    const Manifest manifest = read_manifest(path);
    Manifest rows = select_split(manifest, split);
    if (rows.rows.empty()) {
        rows = select_split(manifest, "");
        if (rows.rows.size() != manifest.rows.size())
            fail("{}: no rows in split {} (found {})", path.string(), split, describe_splits(manifest));
        log_notice("{} has no splits: all {} rows are measured", path.string(), rows.rows.size());
    }
    rows = rows_to_read(std::move(rows), forge);
    check_files(rows);
    return rows;
}

std::unique_ptr<const FaceDataset> dataset_to_measure(const EvaluateOptions& options, Manifest rows,
                                                      int input_size) {
    auto dataset = std::make_unique<const FaceDataset>(std::move(rows),
                                                       DatasetOptions{.size = input_size,
                                                                      .cache_bytes = 0,
                                                                      .forge = options.forge,
                                                                      .forge_seed = options.bootstrap.seed});
    tell_about_forging(*dataset);
    return dataset;
}

Protocol protocol_of(const EvaluateOptions& options, const std::filesystem::path& manifest,
                     const FaceDataset& dataset) {
    Protocol protocol;
    protocol.model = options.model.string();
    protocol.data = manifest.string();
    const bool has_splits =
        std::ranges::any_of(dataset.rows(), [](const ManifestRow& row) { return !row.split.empty(); });
    protocol.split = has_splits ? options.split : "all";
    protocol.input_size = dataset.options().size;
    protocol.threshold = options.threshold;
    protocol.bootstrap = options.bootstrap;
    if (options.forge == Forge::self_blend)
        protocol.forgeries = fmt::format("self-blended, seed {}", options.bootstrap.seed);
    describe_rows(protocol, dataset.rows(), manifest);
    return protocol;
}

void measure_calibration(DatasetEvaluation& evaluation, const std::optional<Calibration>& calibration) {
    std::vector<int> labels;
    for (const ManifestRow& row : evaluation.rows) labels.push_back(row.label);
    evaluation.calibration = calibration;
    evaluation.calibration_error =
        calibration_error(evaluation.scores, labels, calibration ? calibration->temperature : 1);
    if (!calibration) evaluation.calibration_error.after.reset();
}

std::vector<DatasetEvaluation> evaluate_model(const EvaluateOptions& options) {
    const LoadedDetector model = load_for_evaluation(options);
    const int size = model.detector->options().size;
    std::vector<Manifest> manifests;
    for (const std::filesystem::path& data : options.data)
        manifests.push_back(rows_to_measure(data, options.split, options.forge));
    const Preprocessing& preprocessing = model.info.preprocessing;
    std::vector<DatasetEvaluation> results;
    for (size_t i = 0; i < manifests.size(); ++i) {
        DatasetEvaluation& result = results.emplace_back();
        const auto pictures = dataset_to_measure(options, std::move(manifests[i]), size);
        const FaceDataset& dataset = *pictures;
        result.protocol = protocol_of(options, options.data[i], dataset);
        Progress progress("evaluate " + result.protocol.name, int64_t(dataset.size()), "images");
        result.scores = score_dataset(*model.detector, dataset,
                                      {.batch = options.batch,
                                       .threads = options.threads,
                                       .compute = options.compute,
                                       .normalisation = {preprocessing.mean, preprocessing.deviation}},
                                      [&](int64_t done) { progress.update(done); });
        result.rows = dataset.rows();
        result.evaluation = evaluate_scores(result.rows, result.scores, options.threshold, options.bootstrap);
    }
    for (DatasetEvaluation& result : results) measure_calibration(result, model.info.calibration);
    // The same name twice: the manifests tell them apart.
    for (DatasetEvaluation& result : results)
        if (std::ranges::count(results, result.protocol.dataset,
                               [](const DatasetEvaluation& r) { return r.protocol.dataset; }) > 1)
            result.protocol.name = result.protocol.data;
    return results;
}

}  // namespace unmask
