// SPDX-License-Identifier: Apache-2.0
// The work that `unmask bench` times and `unmask profile` takes apart: a detector with random weights, and
// steps of inference or training on random images.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/training/train_options.h"
#include "apps/training/training_step.h"
#include "losses/objective.h"
#include "models/detector.h"
#include "models/inference/inference_step.h"

namespace unmask {

// images: normalised, in the device's memory. raw: 8-bit pictures in host memory, which every step uploads
// and turns into images on the device, augmented in training.
enum class BenchInput : uint8_t { images, raw };

struct BenchOptions {
    TrainOptions train;          // model, compute, objective and optimizer
    std::string mode = "infer";  // or "train"
    BenchInput input = BenchInput::images;
    bool graph = true;  // the step is recorded and runs again as a whole
    int batch = 32;
    int runs = 5, warm_up = 2;  // timed runs, and those before them
    int steps = 1;              // of a run, enqueued one after the other before the device is waited for
    int threads = 1;            // only reported
};

class BenchWork {
  public:
    // Error for a batch of one in training, and where input and parameters alone exceed the memory of the
    // machine.
    explicit BenchWork(const BenchOptions& options);
    BenchWork(const BenchWork&) = delete;
    BenchWork& operator=(const BenchWork&) = delete;
    ~BenchWork();

    // Whether the steps are recorded once and run again as a whole.
    [[nodiscard]] static bool is_recorded(const BenchOptions& options);

    // The steps in which that happens, if it does, and in which a GPU chooses what is chosen by timing; waits
    // for the device.
    void record();
    // Enqueues a step.
    void step();
    void synchronize();

    // How the branches' work is ordered: where `auto` is measured, what it took (in training in the first
    // step).
    [[nodiscard]] BranchSchedule schedule() const;
    [[nodiscard]] int64_t parameter_count() const { return parameters_; }
    // Parameters, their gradients and low-precision copies, and what inference derives from them, under the
    // parameters' names.
    [[nodiscard]] std::vector<Module::NamedTensor> named_tensors() const;
    // These, the running statistics, the optimizer's state and the input: what is there before a step.
    [[nodiscard]] std::vector<Tensor> kept_tensors() const;

  private:
    class Images;
    static void check(const BenchOptions& options);
    [[nodiscard]] BranchSchedule schedule_for_inference();

    BenchOptions options_;
    Detector detector_;
    int64_t parameters_ = 0, done_ = 0;
    std::unique_ptr<Images> images_;
    std::unique_ptr<Objective> objective_;  // these three in training
    std::unique_ptr<TrainingStep> training_;
    Targets targets_;
    std::unique_ptr<InferenceStep> inference_;  // in inference
};

}  // namespace unmask
