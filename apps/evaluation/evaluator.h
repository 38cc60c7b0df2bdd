// SPDX-License-Identifier: Apache-2.0
// Measuring a detector on the faces of a manifest, by frame and by video.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/compute.h"
#include "apps/evaluation/metrics.h"
#include "data/dataset.h"
#include "data/normalisation.h"
#include "models/detector.h"

namespace unmask {

struct EvaluationScores {
    BinaryMetrics frame;  // every row by itself
    BinaryMetrics video;  // every video by the mean of its rows' scores
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
};

// The probability of fake of every picture, in the data set's order. The detector is put into evaluation mode
// and its weights are prepared. `progress` hears how many pictures are done.
[[nodiscard]] std::vector<double> score_dataset(Detector& detector, const FaceDataset& dataset,
                                                const ScoringOptions& options,
                                                const std::function<void(int64_t)>& progress = {});

// softmax(logits)[1] of every row of logits [batch, 2].
[[nodiscard]] std::vector<double> fake_probabilities(const Tensor& logits);

// A video is told apart by (dataset, method, label, video): the same id under another method is another
// video.
[[nodiscard]] Evaluation evaluate_scores(std::span<const ManifestRow> rows, std::span<const double> scores,
                                         double threshold = 0.5);

struct EvaluateOptions {
    std::filesystem::path model, data;  // a model file and a manifest
    std::string split = "test";         // or "all"
    Forge forge = Forge::none;          // of the real rows, instead of the manifest's forgeries
    uint64_t seed = 0;                  // of the forgeries
    int batch = 32;
    int threads = 1;  // that load pictures
    Compute compute;
};

// The model's scores on the rows of the split (on all rows, with a notice, when the manifest has no splits).
// Shows its progress. Error names what is wrong with the model, the manifest, the split, or the pictures.
[[nodiscard]] Evaluation evaluate_model(const EvaluateOptions& options);

// Whether the first are the better scores on validation: by frame AUC, where it is equal or undefined by log
// loss.
[[nodiscard]] bool is_better(const EvaluationScores& candidate, const EvaluationScores& best);

// The tables that `unmask evaluate` prints; what is undefined reads n/a.
[[nodiscard]] std::string evaluation_text(const Evaluation& evaluation);

}  // namespace unmask
