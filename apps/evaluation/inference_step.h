// SPDX-License-Identifier: Apache-2.0
// Inference on batches of the same shapes over and over: a GPU records the work once for each batch size and
// runs it again as a whole (a CUDA graph), which takes the time of the launches out of small batches.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "apps/compute.h"
#include "engine/context.h"
#include "models/detector.h"

namespace unmask {

class InferenceStep {
  public:
    // The detector must outlive this, be on compute.device and keep its parameters in place; call its
    // prepare_inference() first. `capture`: whether a device that can records the work after its first runs.
    InferenceStep(Detector& detector, const Compute& compute, bool capture = true);
    ~InferenceStep();

    // The global head's logits [n, 2] of images [n, size, size, 3] of any device, on the detector's device.
    // Enqueued without waiting; recorded work overwrites them at its next run with the same n.
    const Tensor& enqueue(const Tensor& images);

  private:
    struct Program;  // the work for one batch size
    Detector& detector_;
    Compute compute_;
    bool capture_;
    std::map<int64_t, Program> programs_;
};

}  // namespace unmask
