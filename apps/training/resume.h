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
// of threads, the device and the precision where `keep_threads` and `keep_compute` do not say that those of
// the options shall stay. Error: no run, or one that another program wrote.
void take_run_options(const std::filesystem::path& folder, TrainOptions& options, bool keep_threads,
                      bool keep_compute);

struct FoundCheckpoint {
    std::filesystem::path path;
    LoadedDetector loaded;
};
// The newest checkpoint that can be read, with a warning for each that cannot; nothing where none was saved.
// Error when there are some and none can be read.
[[nodiscard]] std::optional<FoundCheckpoint> newest_checkpoint(const RunFolder& folder);

// With how many threads a run goes on that was computed with `before`: as many, unless
// options.threads says another number, which is warned of. Sums are split among the threads, so that another
// number of them may round otherwise.
[[nodiscard]] int threads_to_go_on_with(int before, int threads, const TrainOptions& options);

// Gives the device the algorithms that the run chose, and warns where they, the device or the precision are
// others.
void take_up_tuning(const RunFolder& folder, const RecordedRun& run, const Compute& compute);
// Keeps the chosen algorithms with the run.
void keep_tuning(const RunFolder& folder, const Compute& compute);

}  // namespace unmask
