// SPDX-License-Identifier: Apache-2.0
// What a training run leaves beside its models: metrics.csv, a row per epoch, and run.json, from which it can
// be repeated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/evaluation/evaluator.h"
#include "apps/settings/settings.h"
#include "apps/training/run_session.h"

namespace unmask {

// Means over the epoch's pictures.
struct EpochTerms {
    double total = 0;
    std::optional<double> classification, global_information,
        local_information;  // nothing where switched off
};

struct EpochRecord {
    int64_t epoch = 0;  // from 1
    int64_t steps = 0;  // taken since the beginning
    EpochTerms loss;
    double learning_rate = 0;  // of the last step
    double seconds = 0;        // of training, without validation
    double images_per_second = 0;
    std::optional<EvaluationScores> validation;
    bool best = false;  // better than all epochs before
};

// The status of a run that has not hashed its data yet. Checkpoints beside it are an earlier run's.
inline constexpr const char* starting_status = "starting";

struct RunRecord {
    std::string data;       // the manifest, as an absolute path
    std::string data_hash;  // data/data_hash.h; empty until it is known
    int64_t train_pictures = 0, val_pictures = 0;
    int64_t parameters = 0;
    RunSession session;                        // the last one
    std::vector<RunSession> earlier_sessions;  // whose steps are in the models too, in order
    std::string status;                        // starting_status, "running", "done", or what ended it
    bool stopped_early = false;                // for want of a better validation (patience)
    int64_t best_epoch = 0;
    double seconds = 0;  // of all its parts
    std::vector<EpochRecord> epochs;
};

// A row per epoch; a cell whose figure is undefined is empty.
[[nodiscard]] std::string metrics_csv(const std::vector<EpochRecord>& epochs);
// seed, configuration, data, build and results.
[[nodiscard]] std::string run_json(const RunRecord& record, const std::vector<Setting>& settings);

// What such a text says, for going on with the run.
struct RecordedRun {
    std::string data;                              // the manifest
    std::map<std::string, SettingValue> settings;  // by key
    std::vector<RunSession> sessions;  // in order, at least one; the last is that of run.json's top
    std::string status;
    double seconds = 0;
    std::vector<EpochRecord> epochs;
};
// Error when it is another text.
[[nodiscard]] RecordedRun recorded_run(const std::string& run_json);
// Gives the settings the run's values; what the run's program did not know keeps its own. Error names one
// that this program does not know.
void take_settings(const RecordedRun& run, const std::vector<Setting>& settings);

}  // namespace unmask
