// SPDX-License-Identifier: Apache-2.0
// A small detector and pictures that it learns within six epochs of three steps.
#pragma once

#include <gtest/gtest.h>

#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

class TrainerTest : public testing::Test {
  protected:
    explicit TrainerTest(int train = 48, int val = 16, int test = 16) {
        set_thread_count(1);
        data_ = write_tiny_faces(folder_.path(), train, val, test);
    }
    TrainOptions options(const std::string& run) const {
        TrainOptions options;
        options.data = data_;
        options.output = folder_ / run;
        options.threads = 1;
        options.model = {.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32, .dropout = 0.2};
        options.epochs = 6;
        options.batch = 16;
        options.seed = 3;
        options.schedule.learning_rate = 3e-3;
        return options;
    }
    TemporaryFolder folder_;
    std::filesystem::path data_;
};

}  // namespace unmask
