// SPDX-License-Identifier: Apache-2.0
// How far a training run is, to the batch; a checkpoint holds it as text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/settings/settings.h"
#include "apps/training/term_means.h"
#include "models/checkpoint.h"

namespace unmask {

struct RunProgress {
    int64_t epoch = 0;   // complete ones, with their validation
    int64_t steps = 0;   // taken since the beginning; everything random in a step is drawn from its number
    int64_t batch = 0;   // taken of the next epoch
    TermMeans terms;     // of these
    double seconds = 0;  // that these took

    // The epoch is complete.
    void next_epoch() {
        ++epoch;
        batch = 0;
        terms = {};
        seconds = 0;
    }
};

// Metadata of a model file: the recipe as text, the data's hash and the progress, what belongs to a part of
// an epoch only where there is one.
[[nodiscard]] std::map<std::string, std::string> training_metadata(const std::vector<Setting>& settings,
                                                                   const std::string& data_hash,
                                                                   const RunProgress& progress);
// The reverse, for taking up the run: Error names the file and the first setting in which it differs from
// these (those that do not matter for the result may), or other data.
[[nodiscard]] RunProgress check_resumable(const LoadedDetector& loaded, const std::filesystem::path& file,
                                          const std::vector<Setting>& settings, const std::string& data_hash);

}  // namespace unmask
