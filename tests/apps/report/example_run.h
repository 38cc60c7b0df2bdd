// SPDX-License-Identifier: Apache-2.0
// The folder of a run that was never trained: what a report and a verification read.
#pragma once

#include <cmath>
#include <filesystem>
#include <vector>

#include "apps/evaluation/score_file.h"
#include "apps/training/run_record.h"
#include "apps/training/train_options.h"
#include "engine/atomic_file.h"
#include "engine/philox.h"

namespace unmask {

// 20 real and 40 fake videos of four frames, the fake ones scored higher.
inline ScoredRows example_scores() {
    ScoredRows scored;
    PhiloxSequence random(7, "example");
    for (int video = 0; video < 60; ++video) {
        const int label = video % 3 == 0 ? 0 : 1;
        const double offset = random.normal() + 1.5 * label - 0.5;
        for (int64_t frame = 0; frame < 4; ++frame) {
            scored.rows.push_back({.path = "x.png",
                                   .video = std::to_string(video),
                                   .dataset = "example & co",
                                   .method = label == 1 ? "swap" : "original",
                                   .label = label,
                                   .frame = frame});
            scored.scores.push_back(1 / (1 + std::exp(-offset - 0.7 * random.normal())));
        }
    }
    return scored;
}

inline std::vector<EpochRecord> example_epochs(int count) {
    std::vector<EpochRecord> epochs;
    const EvaluationScores final = [] {
        const ScoredRows scored = example_scores();
        return evaluate_scores(scored.rows, scored.scores).all;
    }();
    for (int i = 1; i <= count; ++i) {
        const double rest = std::exp(-0.25 * i);
        EvaluationScores validation = final;
        for (BinaryMetrics* metrics : {&validation.frame, &validation.video}) {
            metrics->auc = *metrics->auc - 0.3 * rest;
            metrics->accuracy = *metrics->accuracy - 0.2 * rest;
            metrics->eer = *metrics->eer + 0.3 * rest;
            metrics->log_loss = *metrics->log_loss + rest;
        }
        epochs.push_back({.epoch = i,
                          .steps = 50 * i,
                          .loss = {.total = 2 + 3 * rest,
                                   .classification = 1 + 2 * rest,
                                   .global_information = 0.02 * rest,
                                   .local_information = {}},
                          .learning_rate = 1e-3 * rest,
                          .seconds = 12,
                          .images_per_second = 130.0 + i % 3,
                          .validation = validation,
                          .best = true});
    }
    return epochs;
}

inline void write_example_run(const std::filesystem::path& folder, int epochs = 12) {
    std::filesystem::create_directories(folder);
    TrainOptions options;
    RunRecord record{.data = "/data/<faces>.csv",
                     .data_hash = "contents:0123456789abcdef",
                     .train_pictures = 1600,
                     .val_pictures = 240,
                     .parameters = 1234567,
                     .session = {.threads = 2, .device = "cpu"},
                     .status = "done",
                     .best_epoch = epochs,
                     .seconds = 321,
                     .epochs = example_epochs(epochs)};
    write_file_atomically(folder / "run.json", run_json(record, train_settings(options)));
    const ScoredRows scored = example_scores();
    write_scores(folder / validation_scores_name, scored.rows, scored.scores);
}

}  // namespace unmask
