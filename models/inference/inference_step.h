// SPDX-License-Identifier: Apache-2.0
// Inference on batches of the same shapes over and over. The work is recorded once for each batch size and
// runs again as a whole: on a GPU as a CUDA graph, which takes the time of the launches out of small batches;
// on the CPU as a list of kernel calls over one planned arena (engine/recording.h), so that after the first
// calls with a batch size the portable path allocates nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "engine/context.h"
#include "models/detector.h"

namespace unmask {

class InferenceStep {
  public:
    // The detector must outlive this, be on the device and keep its parameters in place; call its
    // prepare_inference() or keep_inference_only() before, and make a new step after calling them again.
    // Images are taken there in `dtype`, floating (Error). `capture`: whether a device that can records the
    // work after its first runs.
    InferenceStep(Detector& detector, Device device, DType dtype = DType::f32, bool capture = true);
    ~InferenceStep();

    // The global head's logits [n, 2] of images [n, size, size, 3] (or 4 or 8 channels, zeros behind the
    // third) of any device and floating dtype, on the detector's device; Error for others. Enqueued without
    // waiting; recorded work overwrites them at its next run with the same n and channels. Images that stay
    // where they are on a GPU from call to call are not copied. The reference holds until the next call.
    const Tensor& enqueue(const Tensor& images);

  private:
    struct Program;  // the work for one shape of images
    void check_images(const Tensor& images) const;
    void place(Program& program, const Tensor& images) const;
    const Tensor& enqueue(Program& program, const Tensor& images);
    Detector& detector_;
    Device device_;
    DType dtype_;
    bool capture_;
    int64_t calls_ = 0;
    std::map<std::pair<int64_t, int64_t>, Program> programs_;  // by batch size and channels
};

}  // namespace unmask
