// SPDX-License-Identifier: Apache-2.0
// A detector as an ONNX model, for other runtimes.
#pragma once

#include <filesystem>

#include "models/checkpoint.h"

namespace unmask {

// Error unless this build can write ONNX.
void require_onnx();

// Writes the detector's inference from the global head, operator set 17: input "input" [batch, 3, size,
// size], float32, RGB scaled to [0, 1] and normalised by the metadata "mean" and "deviation", in NCHW as
// ONNX's own operators have it; outputs "logits" and "probabilities" [batch, 2], real and fake, calibrated as
// the model file says. The metadata also name size, backbone, branches, width, how faces are cut out, and the
// thresholds, as in model files. ONNX's checker has seen it. Error where it would be larger than the 2 GB
// that the format allows, or the build lacks ONNX. Atomic. What the detector's prepare_inference() derived is
// dropped.
void export_onnx(const std::filesystem::path& path, Detector& detector, const CheckpointInfo& info);

}  // namespace unmask
