// SPDX-License-Identifier: Apache-2.0
// Taking up an interrupted run.
#pragma once

#include <filesystem>
#include <optional>

#include "apps/training/run_folder.h"
#include "apps/training/train_options.h"
#include "models/checkpoint.h"

namespace unmask {

// Gives the options all that the run in `folder` recorded of itself: the data, the settings, and the number
// of threads and what it computed with, where `keep_threads` and `given` do not say that those of the options
// shall stay. Returns with what it was computed last. Error: no run, or one that another program
// wrote.
RunSession take_run_options(const std::filesystem::path& folder, TrainOptions& options, bool keep_threads,
                            const ComputeGiven& given);

struct FoundCheckpoint {
    std::filesystem::path path;
    LoadedDetector loaded;
};
// The newest checkpoint that can be read, with a warning for each that cannot; nothing where the run saved
// none.
// Error when there are some and none can be read.
[[nodiscard]] std::optional<FoundCheckpoint> newest_checkpoint(const RunFolder& folder);

// The epochs that the run recorded up to `epoch`, put into `record`, and the validation of the best of them;
// the record may be an epoch ahead of the model, as it is written first. Error when one is missing.
[[nodiscard]] std::optional<EvaluationScores> take_up_epochs(const RecordedRun& run,
                                                             const std::filesystem::path& checkpoint,
                                                             int64_t epoch, RunRecord& record);

// Puts the sessions whose steps are among the first `steps` before the record's own, which begins there, and
// warns of each way in which that one computes otherwise than the last of them. Of a run that is `complete`
// the sessions stay as they were.
void take_up_sessions(const RecordedRun& run, int64_t steps, bool complete, RunRecord& record);

// With how many threads a run goes on that was computed with `before`: as many, unless options.threads says
// another number. Sums are split among the threads, so that another number of them may round otherwise.
[[nodiscard]] int threads_to_go_on_with(int before, int threads, const TrainOptions& options);

// Gives the device the algorithms that this rank chose, and warns where there are none or some are left out.
void take_up_tuning(const RunFolder& folder, const TrainOptions& options);

}  // namespace unmask
