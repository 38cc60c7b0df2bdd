// SPDX-License-Identifier: Apache-2.0
// What a model file says in texts beside its tensors: its format, the detector's options, how pictures become
// its input, its calibration, and what the trainer put on record.
#pragma once

#include <map>
#include <string>

#include "models/checkpoint.h"

namespace unmask {

using CheckpointMetadata = std::map<std::string, std::string>;

// Error for another format, a version of the future, another layout.
void check_checkpoint_format(const CheckpointMetadata& metadata);

// Error names what is missing or out of range. Of the info all but the quantization, a part of which is
// tensors (see quantization.h).
[[nodiscard]] DetectorOptions parse_detector_options(const CheckpointMetadata& metadata);
[[nodiscard]] CheckpointInfo parse_checkpoint_info(const CheckpointMetadata& metadata);

// The reverse, with the same errors.
[[nodiscard]] CheckpointMetadata checkpoint_metadata(const DetectorOptions& options,
                                                     const CheckpointInfo& info);
void put_calibration(CheckpointMetadata& metadata, const Calibration& calibration);

}  // namespace unmask
