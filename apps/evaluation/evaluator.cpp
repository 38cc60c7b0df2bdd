// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>

#include "apps/batch_scorer.h"
#include "data/loader.h"
#include "engine/error.h"
#include "layers/evaluation_mode.h"
#include "models/scoring.h"

namespace unmask {
namespace {

// The figures of the rows that `chosen` takes.
EvaluationScores measure(std::span<const ManifestRow> rows, std::span<const double> scores, double threshold,
                         const BootstrapOptions& bootstrap,
                         const std::function<bool(const ManifestRow&)>& chosen) {
    std::vector<ManifestRow> taken;
    std::vector<double> taken_scores;
    for (size_t i = 0; i < rows.size(); ++i) {
        if (!chosen(rows[i])) continue;
        taken.push_back(rows[i]);
        taken_scores.push_back(scores[i]);
    }
    return evaluate_together(taken, taken_scores, threshold, bootstrap);
}

}  // namespace

std::vector<double> score_dataset(Detector& detector, const FaceDataset& dataset,
                                  const ScoringOptions& options,
                                  const std::function<void(int64_t)>& progress) {
    DataLoader loader(dataset, {.batch = options.batch,
                                .threads = options.threads,
                                .sampling = {.shuffle = false},
                                .drop_last = false,
                                .augmentation = {},
                                .normalisation = options.normalisation,
                                .part = options.part,
                                .parts = options.parts});
    const EvaluationMode mode(detector);
    prepare_scoring(detector);
    BatchScorer scorer(detector, options.compute);
    std::vector<double> scores(dataset.size());
    int64_t done = 0;
    loader.start(0);
    while (const std::optional<Batch> batch = loader.next()) {
        if (batch->indices.empty()) continue;
        const std::vector<double> found = scorer.score(batch->images);
        for (size_t i = 0; i < found.size(); ++i) {
            if (!std::isfinite(found[i]))
                fail("{}: the model's answer is not a number", dataset.file(batch->indices[i]).string());
            scores[batch->indices[i]] = found[i];
        }
        done += int64_t(found.size());
        if (progress) progress(done);
    }
    return scores;
}

std::vector<int64_t> video_numbers(std::span<const ManifestRow> rows) {
    using Key = std::tuple<std::string_view, std::string_view, std::string_view, int>;
    const auto key_of = [](const ManifestRow& row) {
        return Key(row.dataset, row.method, row.video, row.label);
    };
    std::map<Key, int64_t> numbers;
    for (const ManifestRow& row : rows) numbers.emplace(key_of(row), 0);
    int64_t next = 0;
    for (auto& [key, number] : numbers) number = next++;
    std::vector<int64_t> result;
    result.reserve(rows.size());
    for (const ManifestRow& row : rows) result.push_back(numbers.at(key_of(row)));
    return result;
}

VideoScores video_scores(std::span<const ManifestRow> rows, std::span<const double> scores) {
    const std::vector<int64_t> numbers = video_numbers(rows);
    const size_t count = numbers.empty() ? 0 : size_t(*std::ranges::max_element(numbers)) + 1;
    VideoScores videos{.scores = std::vector<double>(count, 0.0), .labels = std::vector<int>(count, 0)};
    std::vector<int64_t> frames(count, 0);
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto video = size_t(numbers[i]);
        videos.scores[video] += scores[i];
        videos.labels[video] = rows[i].label;
        ++frames[video];
    }
    for (size_t i = 0; i < count; ++i) videos.scores[i] /= double(frames[i]);
    return videos;
}

EvaluationScores evaluate_together(std::span<const ManifestRow> rows, std::span<const double> scores,
                                   double threshold, const BootstrapOptions& bootstrap) {
    std::vector<int> labels;
    for (const ManifestRow& row : rows) labels.push_back(row.label);
    const VideoScores videos = video_scores(rows, scores);
    EvaluationScores result{.frame = binary_metrics(scores, labels, threshold),
                            .video = binary_metrics(videos.scores, videos.labels, threshold)};
    if (bootstrap.resamples < 1) return result;
    std::vector<int64_t> each(videos.scores.size());
    std::iota(each.begin(), each.end(), int64_t{0});
    // The same stream: resample i takes the same videos for both.
    result.frame_intervals = bootstrap_intervals(scores, labels, video_numbers(rows), threshold, bootstrap);
    result.video_intervals = bootstrap_intervals(videos.scores, videos.labels, each, threshold, bootstrap);
    return result;
}

Evaluation evaluate_scores(std::span<const ManifestRow> rows, std::span<const double> scores,
                           double threshold, const BootstrapOptions& bootstrap) {
    if (rows.size() != scores.size())
        fail("evaluation expected a score for each of {} rows, found {}", rows.size(), scores.size());
    Evaluation evaluation;
    evaluation.all = evaluate_together(rows, scores, threshold, bootstrap);
    std::set<std::pair<std::string, std::string>> methods;
    for (const ManifestRow& row : rows)
        if (row.label == 1) methods.emplace(row.dataset, row.method);
    if (methods.size() < 2) return evaluation;
    for (const auto& [dataset, method] : methods) {
        const auto chosen = [&](const ManifestRow& row) {
            return row.dataset == dataset && (row.label == 0 || row.method == method);
        };
        evaluation.methods.push_back({dataset, method, measure(rows, scores, threshold, bootstrap, chosen)});
    }
    return evaluation;
}

bool is_better(const EvaluationScores& candidate, const EvaluationScores& best) {
    const BinaryMetrics &a = candidate.frame, &b = best.frame;
    if (a.auc && b.auc && *a.auc != *b.auc) return *a.auc > *b.auc;
    return *a.log_loss < *b.log_loss;
}

}  // namespace unmask
