// SPDX-License-Identifier: Apache-2.0
// A detector made ready to score pictures, whatever it computes in.
#pragma once

#include <cstdint>

#include "models/detector.h"

namespace unmask {

// Whether the branches keep the weights that those for scoring were made of: a detector without them can
// neither be trained nor saved, nor moved to another device. Heat maps need none.
enum class TrainedWeights : uint8_t { kept, released };

// Makes the detector ready to score: prepare_inference(), and what 8-bit weights were made of goes in any
// case (as with keep_inference_only). May be called again.
void prepare_scoring(Detector& detector, TrainedWeights trained = TrainedWeights::kept);

}  // namespace unmask
