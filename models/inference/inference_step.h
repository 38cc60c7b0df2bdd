// SPDX-License-Identifier: Apache-2.0
// Inference on batches of the same shapes over and over. The work is recorded once for each batch size and
// runs again as a whole: on a GPU as a CUDA graph, which takes the time of the launches out of small batches;
// on the CPU as a list of kernel calls over one planned arena (engine/recording.h), so that after the first
// call with a batch size the portable path allocates nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "engine/context.h"
#include "models/detector.h"

namespace unmask {

class InferenceStep {
  public:
    // The detector must outlive this, be on the device and keep its parameters in place; call its
    // prepare_inference() or keep_inference_only() before, and make a new step after calling them again.
    // Images are taken there in `dtype`. `capture`: whether a device that can records the work after its
    // first runs.
    InferenceStep(Detector& detector, Device device, DType dtype = DType::f32, bool capture = true);
    ~InferenceStep();

    // The global head's logits [n, 2] of images [n, size, size, 3] of any device, on the detector's device.
    // Enqueued without waiting; recorded work overwrites them at its next run with the same n.
    const Tensor& enqueue(const Tensor& images);

  private:
    struct Program;  // the work for one batch size
    Detector& detector_;
    Device device_;
    DType dtype_;
    bool capture_;
    std::map<int64_t, Program> programs_;
};

}  // namespace unmask
