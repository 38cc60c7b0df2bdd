// SPDX-License-Identifier: Apache-2.0
// `unmask train` and `unmask evaluate` on the emulated GPU: pictures travel as bytes and are augmented there,
// a run that was taken up again ends with the bytes of one that was not, and the model scores as on the CPU.
#include "apps/training/trainer.h"

#include <gtest/gtest.h>

#include "apps/evaluation/evaluate_model.h"
#include "cpu/parallel.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

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
    EXPECT_EQ(whole.record.device, "cuda");

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

}  // namespace
}  // namespace unmask
