// SPDX-License-Identifier: Apache-2.0
// Measuring a detector on the faces of a manifest, by frame and by video.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/compute.h"
#include "apps/evaluation/bootstrap.h"
#include "apps/evaluation/metrics.h"
#include "data/dataset.h"
#include "data/normalisation.h"
#include "models/detector.h"
#include "models/scores.h"

namespace unmask {

struct EvaluationScores {
    BinaryMetrics frame;                                   // every row by itself
    BinaryMetrics video;                                   // every video by the mean of its rows' scores
    MetricIntervals frame_intervals{}, video_intervals{};  // by bootstrap over videos
};

// One forgery method's fakes against all real rows of its dataset.
struct MethodScores {
    std::string dataset, method;
    EvaluationScores scores;
};

struct Evaluation {
    EvaluationScores all;
    std::vector<MethodScores> methods;  // sorted; empty when there is one method at most
};

struct ScoringOptions {
    int batch = 32;
    int threads = 1;  // that load pictures
    Compute compute;
    Normalisation normalisation;
    int part = 0, parts = 1;  // of each batch, see LoaderOptions; the other rows score 0
};

// The probability of fake of every picture, in the dataset's order. The detector is put into evaluation mode
// and its weights are prepared. `progress` hears how many pictures are done.
[[nodiscard]] std::vector<double> score_dataset(Detector& detector, const FaceDataset& dataset,
                                                const ScoringOptions& options,
                                                const std::function<void(int64_t)>& progress = {});

// Which video each row belongs to: numbers from 0 up. A video is told apart by (dataset, method, label,
// video): the same id under another method is another video.
[[nodiscard]] std::vector<int64_t> video_numbers(std::span<const ManifestRow> rows);

// The videos of scored rows, by their numbers.
struct VideoScores {
    std::vector<double> scores;  // means of the rows' scores
    std::vector<int> labels;
};
[[nodiscard]] VideoScores video_scores(std::span<const ManifestRow> rows, std::span<const double> scores);

// All rows together; intervals where `bootstrap` asks for resamples.
[[nodiscard]] EvaluationScores evaluate_together(std::span<const ManifestRow> rows,
                                                 std::span<const double> scores, double threshold,
                                                 const BootstrapOptions& bootstrap);
// All rows, and each method by itself.
[[nodiscard]] Evaluation evaluate_scores(std::span<const ManifestRow> rows, std::span<const double> scores,
                                         double threshold = 0.5,
                                         const BootstrapOptions& bootstrap = {.resamples = 0});

// Whether the first are the better scores on validation: by frame AUC, where it is equal or undefined by log
// loss.
[[nodiscard]] bool is_better(const EvaluationScores& candidate, const EvaluationScores& best);

}  // namespace unmask
