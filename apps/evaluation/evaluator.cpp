// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "apps/console.h"
#include "apps/evaluation/forging_notice.h"
#include "apps/progress.h"
#include "data/loader.h"
#include "engine/error.h"
#include "models/checkpoint.h"

namespace unmask {
namespace {

struct Scored {
    std::vector<double> scores;
    std::vector<int> labels;
};

struct Video {
    double sum = 0;
    int64_t frames = 0;
};

// The scores and labels of the videos whose rows `chosen` takes.
EvaluationScores measure(std::span<const ManifestRow> rows, std::span<const double> scores, double threshold,
                         const std::function<bool(const ManifestRow&)>& chosen) {
    Scored frames, videos;
    std::map<std::tuple<std::string, std::string, std::string, int>, Video> by_video;
    for (size_t i = 0; i < rows.size(); ++i) {
        const ManifestRow& row = rows[i];
        if (!chosen(row)) continue;
        frames.scores.push_back(scores[i]);
        frames.labels.push_back(row.label);
        Video& video = by_video[{row.dataset, row.method, row.video, row.label}];
        video.sum += scores[i];
        ++video.frames;
    }
    for (const auto& [key, video] : by_video) {
        videos.scores.push_back(video.sum / double(video.frames));
        videos.labels.push_back(std::get<3>(key));
    }
    return {.frame = binary_metrics(frames.scores, frames.labels, threshold),
            .video = binary_metrics(videos.scores, videos.labels, threshold)};
}

std::string figure(const std::optional<double>& value) {
    return value ? fmt::format("{:.4f}", *value) : "n/a";
}

std::string table_line(std::string_view name, const BinaryMetrics& m) {
    return fmt::format("{:<32} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", name, m.real, m.fake,
                       figure(m.accuracy), figure(m.auc), figure(m.eer), figure(m.average_precision),
                       figure(m.log_loss));
}

}  // namespace

std::vector<double> fake_probabilities(const Tensor& logits) {
    UNMASK_ASSERT(logits.rank() == 2 && logits.dim(1) == 2);
    const std::vector<double> values = logits.to_doubles();
    std::vector<double> probabilities(values.size() / 2);
    for (size_t i = 0; i < probabilities.size(); ++i)
        probabilities[i] = 1 / (1 + std::exp(values[2 * i] - values[2 * i + 1]));
    return probabilities;
}

std::vector<double> score_dataset(Detector& detector, const FaceDataset& dataset,
                                  const ScoringOptions& options,
                                  const std::function<void(int64_t)>& progress) {
    DataLoader loader(dataset, {.batch = options.batch,
                                .threads = options.threads,
                                .sampling = {.shuffle = false},
                                .drop_last = false,
                                .augmentation = {},
                                .normalisation = options.normalisation});
    const bool was_training = detector.training();
    detector.set_training(false);
    detector.prepare_inference();
    std::vector<double> scores;
    scores.reserve(dataset.size());
    loader.start(0);
    while (const std::optional<Batch> batch = loader.next()) {
        for (const double score :
             fake_probabilities(detector.infer(model_input(batch->images, options.compute)))) {
            if (!std::isfinite(score))
                fail("{}: the model's answer is not a number", dataset.file(scores.size()).string());
            scores.push_back(score);
        }
        if (progress) progress(int64_t(scores.size()));
    }
    if (was_training) detector.set_training(true);
    return scores;
}

Evaluation evaluate_scores(std::span<const ManifestRow> rows, std::span<const double> scores,
                           double threshold) {
    if (rows.size() != scores.size())
        fail("evaluation expected a score for each of {} rows, found {}", rows.size(), scores.size());
    Evaluation evaluation;
    evaluation.all = measure(rows, scores, threshold, [](const ManifestRow&) { return true; });
    std::set<std::pair<std::string, std::string>> methods;
    for (const ManifestRow& row : rows)
        if (row.label == 1) methods.emplace(row.dataset, row.method);
    if (methods.size() < 2) return evaluation;
    for (const auto& [dataset, method] : methods) {
        const auto chosen = [&](const ManifestRow& row) {
            return row.dataset == dataset && (row.label == 0 || row.method == method);
        };
        evaluation.methods.push_back({dataset, method, measure(rows, scores, threshold, chosen)});
    }
    return evaluation;
}

Evaluation evaluate_model(const EvaluateOptions& options) {
    const LoadedDetector model = load_detector(options.model);
    model.detector->to(options.compute.device);
    const Manifest manifest = read_manifest(options.data);
    Manifest rows = select_split(manifest, options.split);
    if (rows.rows.empty()) {
        rows = select_split(manifest, "");
        if (rows.rows.size() != manifest.rows.size())
            fail("{}: no rows in split {} (found {})", options.data.string(), options.split,
                 describe_splits(manifest));
        log_notice("{} has no splits: all {} rows are measured", options.data.string(), rows.rows.size());
    }
    check_files(rows);
    const FaceDataset dataset(std::move(rows), {.size = model.detector->options().size,
                                                .cache_bytes = 0,
                                                .forge = options.forge,
                                                .forge_seed = options.seed});
    tell_about_forging(dataset);
    Progress progress("evaluate", int64_t(dataset.size()), "images");
    const Preprocessing& preprocessing = model.info.preprocessing;
    const std::vector<double> scores =
        score_dataset(*model.detector, dataset,
                      {.batch = options.batch,
                       .threads = options.threads,
                       .compute = options.compute,
                       .normalisation = {preprocessing.mean, preprocessing.deviation}},
                      [&](int64_t done) { progress.update(done); });
    return evaluate_scores(dataset.rows(), scores);
}

bool is_better(const EvaluationScores& candidate, const EvaluationScores& best) {
    const BinaryMetrics &a = candidate.frame, &b = best.frame;
    if (a.auc && b.auc && *a.auc != *b.auc) return *a.auc > *b.auc;
    return *a.log_loss < *b.log_loss;
}

std::string evaluation_text(const Evaluation& evaluation) {
    std::string text = fmt::format("{:<32} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "", "real", "fake",
                                   "ACC", "AUC", "EER", "AP", "log loss");
    text += table_line("frames", evaluation.all.frame);
    text += table_line("videos", evaluation.all.video);
    for (const MethodScores& method : evaluation.methods) {
        const std::string name =
            method.dataset.empty() ? method.method : method.dataset + "/" + method.method;
        text += table_line(fmt::format("{} frames", name), method.scores.frame);
        text += table_line(fmt::format("{} videos", name), method.scores.video);
    }
    return text;
}

}  // namespace unmask
