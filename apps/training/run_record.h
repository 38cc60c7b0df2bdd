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
#include "data/manifest.h"

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

struct RunRecord {
    std::string data;       // the manifest, as an absolute path
    std::string data_hash;  // see hash_of
    int64_t train_pictures = 0, val_pictures = 0;
    int64_t parameters = 0;
    int threads = 0;    // of each process
    int processes = 1;  // that train together
    std::string device, precision = "f32", schedule = "separate";
    bool deterministic = true;
    std::string status;          // "running", "done", or what ended it
    bool stopped_early = false;  // for want of a better validation (patience)
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
    int threads = 0;                               // of each process
    int processes = 1;                             // that train together
    std::string device, precision = "f32", schedule = "separate";
    bool deterministic = true;
    double seconds = 0;
    std::vector<EpochRecord> epochs;
};
// Error when it is another text.
[[nodiscard]] RecordedRun recorded_run(const std::string& run_json);
// Gives the settings the run's values; what the run's program did not know keeps its own. Error names one
// that this program does not know.
void take_settings(const RecordedRun& run, const std::vector<Setting>& settings);

// 16 hexadecimal digits over every row of the manifest and the size of its picture: another number means
// other data.
[[nodiscard]] std::string hash_of(const Manifest& manifest);

}  // namespace unmask
