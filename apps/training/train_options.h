// SPDX-License-Identifier: Apache-2.0
// Everything that decides how a detector is trained. The defaults are those of recipes/default.toml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/compute.h"
#include "apps/training/ranks.h"
#include "apps/training/schedule.h"
#include "data/augmentation/augmentation.h"
#include "data/data_hash.h"
#include "data/self_blend/forger.h"
#include "models/detector.h"

namespace unmask {

enum class OptimizerKind : uint8_t { adam, sgd };

struct TrainOptions {
    // Where from and where to; not part of a recipe.
    std::filesystem::path data, output;
    bool overwrite = false;  // whether an existing run may be replaced
    bool resume = false;     // whether to go on with an interrupted run; from the start if it saved nothing
    int stop_after = 0;      // leaves after this epoch as if interrupted; 0: never
    int threads = 0;         // 0: one per core
    Compute compute;
    Ranks ranks;  // the processes that train together, each on a part of the batch

    DetectorOptions model;
    std::string
        initial;  // a file that training starts from (models/exchange/import.h); empty: drawn from the seed
    std::string freeze;     // layers that stay as they are (see FrozenLayers)
    int freeze_epochs = 0;  // after which they are trained too; 0: never
    // How the pictures were cut, which the model file tells to detect; 0: what prepare.json beside the
    // manifest says, or Preprocessing's defaults where there is none.
    double margin = 0;  // side of the square crop over the longer side of the face's box
    int crop_size = 0;  // pixels

    ObjectiveOptions objective;

    int epochs = 20;
    int batch = 32;
    uint64_t seed = 0;
    OptimizerKind optimizer = OptimizerKind::adam;
    ScheduleOptions schedule;
    double weight_decay = 1e-6;
    double momentum = 0.9;     // of SGD
    double clip = 0;           // largest norm of the whole gradient; 0: as it is
    double average_decay = 0;  // of the moving average that is validated and kept as best; 0: off
    int patience = 0;  // epochs without a better validation that end training; 0: all epochs are trained
    double mixup = 0;  // alpha of Beta(alpha, alpha); 0: off

    double checkpoint_minutes = 10;  // between checkpoints within an epoch; 0: after every step
    int keep = 2;                    // checkpoints, the last one included

    DataHash data_hash = DataHash::contents;  // what the run's record of its data covers
    Forge forge = Forge::none;                // of the real pictures, instead of the manifest's forgeries
    bool balanced = false;
    int pictures_a_video = 0;
    int oversample_real = 1;
    std::string oversample;          // data/oversampling.h
    int workers = 0;                 // threads that load pictures; 0: as many as compute
    int64_t cache_mebibytes = 2048;  // decoded pictures are kept in memory when they fit
    Augmentation augmentation;
};

}  // namespace unmask
