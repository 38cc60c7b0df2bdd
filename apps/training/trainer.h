// SPDX-License-Identifier: Apache-2.0
// Training a detector on a manifest of faces.
#pragma once

#include <filesystem>

#include "apps/training/run_record.h"
#include "apps/training/train_options.h"

namespace unmask {

struct TrainResult {
    std::filesystem::path best, last;  // model files
    RunRecord record;
    bool was_complete = false;  // a resumed run that had nothing left to do
};

// Trains on the rows of split "train" (on all of them when the manifest has no splits) and validates on
// "val". Writes into options.output, each file atomically: best.safetensors (highest frame AUC on validation,
// ties by lower log loss; with no val rows the last epoch's; the averaged weights where they are averaged),
// last.safetensors (the checkpoint, after every epoch and every options.checkpoint_minutes within it),
// checkpoints/ (those before it), metrics.csv and run.json. The same seed on the same machine with the same
// number of threads gives the same model bytes. An interrupted run (options.resume) goes on after the last
// step that was saved, with its number of threads unless options.threads says another (a warning), to the
// same bytes as an uninterrupted one; one that had saved nothing starts over. SIGINT and SIGTERM end it with
// Interruption after the step that is being taken and a checkpoint. Error: missing files (named), an output
// folder that is in use or cannot be written, options out of range, a loss that is not a number (with the
// step, the terms and the batch's files); the last checkpoint remains. ToldRankLost where another process of
// the run is lost during its steps.
TrainResult train_detector(TrainOptions options);

}  // namespace unmask
