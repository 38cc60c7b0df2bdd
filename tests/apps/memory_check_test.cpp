// SPDX-License-Identifier: Apache-2.0
#include "apps/memory_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "apps/training/trainer.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

const DetectorOptions usual{.backbone = "resnet18", .branches = 2, .width = 0.5, .size = 128};

TEST(MemoryCheck, RefusesWhatNoMachineHolds) {
    EXPECT_NO_THROW(check_memory("train", usual, 16, true));
    DetectorOptions wide = usual;
    wide.width = 500;
    expect_error([&] { check_memory("train", wide, 16, true); },
                 {"train needs at least", "16 images of 128 x 128 pixels", "of memory"});
    expect_error([&] { check_memory("bench", usual, int64_t{1} << 40, false); }, {"bench needs at least"});
}

TEST(MemoryCheck, TrainingNeedsGradientsAndMoments) {
    // Half the machine's memory for the parameters alone, which training has four times.
    const double memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGE_SIZE));
    DetectorOptions large = usual;
    large.width = 0.25;
    large.width *= std::sqrt(memory / 8 / double(Detector(large).parameter_count()));
    EXPECT_NO_THROW(check_memory("bench", large, 1, false));
    expect_error([&] { check_memory("train", large, 1, true); }, {"train needs at least"});
}

TEST(MemoryCheck, TrainingAsksItBeforeItMakesADetector) {
    const TemporaryFolder folder;
    TrainOptions options = tiny_training(write_tiny_faces(folder.path(), 4, 0, 0), folder / "run");
    options.model.width = 5000;
    expect_error([&] { train_detector(options); }, {"train needs at least"});
    EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace
}  // namespace unmask
