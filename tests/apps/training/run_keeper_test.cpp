// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_keeper.h"

#include <gtest/gtest.h>

#include <optional>
#include <system_error>
#include <thread>

#include "apps/training/run_folder.h"
#include "apps/training/trainer.h"
#include "data/folder_lock.h"
#include "engine/atomic_file.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(RunKeeper, ARunInWhichAnotherProcessTrainsIsNeitherReplacedNorResumed) {
    const TemporaryFolder folder;
    const std::filesystem::path run = folder / "run";
    TrainOptions options = tiny_training(write_tiny_faces(folder.path(), 16, 8, 0), run);
    train_detector(options);
    EXPECT_FALSE(std::filesystem::exists(run / ".lock"));
    const std::string record = bytes_of(run / "run.json");
    {
        const FolderLock other(run, "training into this run");
        EXPECT_TRUE(std::filesystem::exists(run / ".lock"));
        for (const bool resume : {true, false}) {
            options.resume = resume;
            options.overwrite = !resume;
            expect_error([&] { train_detector(options); }, {"another process is training into this run"});
        }
        EXPECT_EQ(RunFolder::follow(run).recorded().status, "done");  // read it may be
    }
    EXPECT_EQ(bytes_of(run / "run.json"), record);
    options.overwrite = true;
    options.resume = false;
    EXPECT_NO_THROW(train_detector(options));
}

// What ended a run may keep its record from being written too: that is said beside it, not in its place.
TEST(RunKeeper, ARecordThatCannotBeWrittenHidesNothing) {
    const TemporaryFolder folder;
    const std::filesystem::path run = folder / "run", record = run / "run.json";
    TrainOptions options = tiny_training(write_tiny_faces(folder.path(), 16, 8, 0), run);
    options.epochs = 40;
    std::thread thief([&] {
        while (!std::filesystem::exists(run / "best.safetensors")) std::this_thread::yield();
        std::error_code ignored;
        while (!std::filesystem::is_directory(record, ignored)) {
            std::filesystem::remove(record, ignored);
            std::filesystem::create_directory(record, ignored);
        }
    });
    testing::internal::CaptureStderr();
    expect_error([&] { train_detector(options); },
                 {record.string() + ": ", "is kept up to step", "unmask train --resume " + run.string()});
    thief.join();
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("why the run ended is not recorded: " + record.string()), std::string::npos) << told;
}

TEST(RunFolder, TheRecordIsWrittenBeforeTheTable) {
    const TemporaryFolder folder;
    const RunFolder run = RunFolder::create(folder.path(), false);
    std::filesystem::create_directory(folder / "metrics.csv");  // in its way
    TrainOptions options;
    expect_error([&] { run.write(RunRecord{.status = "the disk is full"}, train_settings(options)); },
                 {"metrics.csv"});
    EXPECT_EQ(run.recorded().status, "the disk is full");
}

TEST(RunFolder, ScoresThatWaitAreTakenWithTheirEpochAlone) {
    const TemporaryFolder folder;
    const RunFolder run = RunFolder::create(folder.path(), false);
    write_file_atomically(folder / "validation_scores.csv", "of epoch 1");
    write_file_atomically(run.waiting_scores(2), "of epoch 2");
    run.take_waiting_scores(1);  // the run goes on from before epoch 2
    EXPECT_EQ(bytes_of(folder / "validation_scores.csv"), "of epoch 1");
    EXPECT_FALSE(std::filesystem::exists(run.waiting_scores(2)));
    write_file_atomically(run.waiting_scores(2), "of epoch 2");
    run.take_waiting_scores(2);
    EXPECT_EQ(bytes_of(folder / "validation_scores.csv"), "of epoch 2");
    EXPECT_FALSE(std::filesystem::exists(run.waiting_scores(2)));
}

}  // namespace
}  // namespace unmask
