// SPDX-License-Identifier: Apache-2.0
// `unmask train` and `unmask evaluate` on the emulated GPU: pictures travel as bytes and are augmented there,
// a run that was taken up again ends with the bytes of one that was not, and the model scores as on the CPU.
#include "apps/training/trainer.h"

#include <gtest/gtest.h>

#include <csignal>

#include "apps/evaluation/evaluate_model.h"
#include "apps/interrupt.h"
#include "cpu/parallel.h"
#include "data/manifest.h"
#include "data/sampling.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/tiny_faces.h"
#include "tests/simt/machine.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

TEST(GpuTrainer, TrainsFromBytesAndGoesOnToTheSameBytes) {
    set_thread_count(1);
    const TemporaryFolder folder;
    TrainOptions options;
    options.data = write_tiny_faces(folder.path(), 24, 8, 8);
    options.compute = {{DeviceType::cuda, 0}, Precision::bf16};
    options.threads = 1;
    options.model = {.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32, .dropout = 0.2};
    options.epochs = 2;
    options.batch = 8;
    options.mixup = 0.5;
    options.seed = 3;
    options.output = folder / "whole";
    const TrainResult whole = train_detector(options);
    EXPECT_EQ(whole.record.session.device, "cuda");

    options.output = folder / "parts";
    options.stop_after = 1;
    static_cast<void>(train_detector(options));
    options.stop_after = 0;
    options.resume = true;
    const TrainResult parts = train_detector(options);
    EXPECT_EQ(bytes_of(parts.last), bytes_of(whole.last));
    const std::string record = bytes_of(folder / "parts" / "run.json");
    EXPECT_NE(record.find("\"precision\": \"bf16\""), std::string::npos) << record;

    const auto evaluated = [&](Compute compute) {
        return *evaluate_model(
                    {.model = whole.best, .data = {options.data}, .split = "test", .compute = compute})
                    .front()
                    .evaluation.all.frame.log_loss;
    };
    const double on_cpu = evaluated({});
    EXPECT_NEAR(evaluated({{DeviceType::cuda, 0}, Precision::f32}), on_cpu, 1e-5 * on_cpu);
    EXPECT_NEAR(evaluated({{DeviceType::cuda, 0}, Precision::bf16}), on_cpu, 3e-2 * on_cpu);
}

// The next batch is loaded while a step is computed: that step still counts, and its checkpoint is what the
// run goes on from.
TEST(GpuTrainer, APictureThatCannotBeReadEndsTheRunAfterTheStepBefore) {
    set_thread_count(1);
    const TemporaryFolder folder;
    TrainOptions options;
    options.data = write_tiny_faces(folder.path(), 24, 8, 0);
    options.compute.device = {DeviceType::cuda, 0};
    options.threads = options.workers = 1;
    options.model = {.backbone = "resnet18", .branches = 1, .width = 0.05, .size = 32, .dropout = 0.2};
    options.epochs = 2;
    options.batch = 4;
    options.seed = 3;
    options.cache_mebibytes = 0;
    options.data_hash = DataHash::names;  // the picture comes back
    options.output = folder / "whole";
    const TrainResult whole = train_detector(options);
    // In the fourth of the first epoch's six batches.
    const Manifest train = select_split(read_manifest(options.data), "train");
    const std::string name = train.rows[epoch_order(train.rows, {}, options.seed, 1)[13]].path;
    const std::filesystem::path picture = folder / name;
    const std::string bytes = bytes_of(picture);
    write_file_atomically(picture, std::string(bytes.size(), 'x'));
    options.output = folder / "parts";
    expect_error([&] { train_detector(options); }, {name, "is kept up to step 3"});
    const auto kept = load_detector(folder / "parts" / "last.safetensors").info.training;
    EXPECT_EQ(kept.at("steps"), "3");
    write_file_atomically(picture, bytes);
    options.resume = true;
    EXPECT_EQ(bytes_of(train_detector(options).last), bytes_of(whole.last));
}

// Other layers are trained from the second epoch on, whose schedule is measured anew. The run ends after that
// epoch's first step, with a checkpoint.
TEST(GpuTrainer, WhatIsChosenAfterAThawIsKeptWithTheFirstCheckpoint) {
    set_thread_count(1);
    const ComputeModeScope timed({.time_algorithms = true});
    const TemporaryFolder folder;
    TrainOptions options;
    options.data = write_tiny_faces(folder.path(), 4, 4, 0);
    options.compute.device = {DeviceType::cuda, 0};
    options.threads = 1;
    options.model = {.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 33, .dropout = 0.0};
    options.epochs = 2;
    options.batch = 2;
    options.freeze = "stem";
    options.freeze_epochs = 1;
    options.output = folder / "run";
    const std::filesystem::path after_an_epoch = options.output / "best.safetensors";
    int readings = 0, before_the_thaw = 0;
    const struct Clock {
        ~Clock() { simt::set_clock(nullptr); }
    } restored;
    simt::set_clock([&] {
        if (before_the_thaw == 0 && std::filesystem::exists(after_an_epoch)) {
            before_the_thaw = readings;
            std::raise(SIGINT);
        }
        return ++readings;
    });
    EXPECT_THROW(train_detector(options), Interruption);
    ASSERT_GT(before_the_thaw, 0);
    EXPECT_EQ(readings, 2 * before_the_thaw);
    const std::string tuning = bytes_of(options.output / "tuning.json");
    // The table is the process's, and other tests write to it too; this size of images is this one's.
    EXPECT_EQ(count_of("2 images of 33 x 33 x 4, f32, training of ", tuning), 2u) << tuning;
    EXPECT_EQ(load_detector(options.output / "last.safetensors").info.training.at("steps"), "3");
    options.resume = true;
    readings = 0;
    static_cast<void>(train_detector(options));
    EXPECT_EQ(readings, 0);
    EXPECT_EQ(bytes_of(options.output / "tuning.json"), tuning);
}

}  // namespace
}  // namespace unmask
