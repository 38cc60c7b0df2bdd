// SPDX-License-Identifier: Apache-2.0
// How fast inference and training are, with random weights and images: what `unmask bench` measures.
#pragma once

#include <string>
#include <string_view>

#include "apps/answers.h"
#include "apps/training/train_options.h"

namespace unmask {

// images: normalised, in the device's memory. raw: 8-bit pictures in host memory, which every step uploads
// and turns into images on the device, augmented in training.
enum class BenchInput : uint8_t { images, raw };

struct BenchOptions {
    TrainOptions train;          // model, compute, objective and optimizer
    std::string mode = "infer";  // or "train"
    BenchInput input = BenchInput::images;
    bool graph = true;  // a GPU records the step and runs it again as a whole
    int batch = 32;
    int runs = 5, warm_up = 2;  // timed runs, and those before them
    int steps = 1;              // of a run, enqueued one after the other before the device is waited for
    int threads = 1;            // only reported
};

// Error for a batch of one in training, and where input and parameters alone exceed the memory of the
// machine.
[[nodiscard]] BenchResult run_bench(const BenchOptions& options);

}  // namespace unmask
