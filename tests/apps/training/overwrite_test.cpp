// SPDX-License-Identifier: Apache-2.0
// When `train --overwrite` replaces the run in its folder, and when a folder is free for a run.
#include <gtest/gtest.h>

#include <map>

#include "apps/training/run_record.h"
#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

using Files = std::map<std::string, std::string>;

// Every file below the folder and its bytes.
Files files_of(const std::filesystem::path& folder) {
    Files files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files[entry.path().string()] = bytes_of(entry.path());
    return files;
}

// A complete run in folder/run, and the options that would replace it.
class Overwrite : public testing::Test {
  protected:
    Overwrite() {
        set_thread_count(1);
        data_ = write_tiny_faces(folder_.path(), 16, 8, 0);
        next_ = tiny_training(data_, folder_ / "run");
        train_detector(next_);
        next_.overwrite = true;
        next_.seed = 4;
    }
    void expect_same_models(const std::string& a, const std::string& b) const {
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(folder_ / a / name) == bytes_of(folder_ / b / name)) << name;
    }

    TemporaryFolder folder_;
    std::filesystem::path data_;
    TrainOptions next_;
};

TEST_F(Overwrite, ByARunThatCannotBeginLeavesEveryByte) {
    const Files before = files_of(folder_ / "run");
    ASSERT_TRUE(before.contains((folder_ / "run" / "checkpoints" / "step-000000008.safetensors").string()));
    TrainOptions wrong = next_;
    wrong.initial = (folder_ / "nothere").string();
    expect_error([&] { train_detector(wrong); }, {"nothere"});
    EXPECT_TRUE(files_of(folder_ / "run") == before);
    wrong = next_;
    wrong.oversample = "X/Y=3";
    expect_error([&] { train_detector(wrong); }, {"oversample", "\"X\"", "\"Y\""});
    EXPECT_TRUE(files_of(folder_ / "run") == before);
}

TEST_F(Overwrite, ByARunThatBeginsWithItsModelReadsThatFirst) {
    const auto before = load_detector(folder_ / "run" / "best.safetensors").detector->state();
    next_.initial = (folder_ / "run" / "best.safetensors").string();
    next_.schedule.learning_rate = 0;
    next_.weight_decay = 0;
    const TrainResult result = train_detector(next_);
    const auto after = load_detector(result.last).detector->state();
    EXPECT_EQ(after.at("global_head.weight").to_floats(), before.at("global_head.weight").to_floats());
}

TEST_F(Overwrite, KilledBeforeTheOldFilesWereGoneItStartsOver) {
    TrainOptions whole = next_;
    whole.output = folder_ / "whole";
    const RunRecord record = train_detector(whole).record;
    const RunRecord begun{.data = data_.string(),
                          .session = record.session,
                          .earlier_sessions = {},
                          .status = starting_status,
                          .epochs = {}};
    write_file_atomically(folder_ / "run" / "run.json", run_json(begun, train_settings(next_)));
    next_.overwrite = false;
    next_.resume = true;
    EXPECT_FALSE(train_detector(next_).was_complete);
    expect_same_models("run", "whole");
}

TEST_F(Overwrite, ByARunThatFailsBeforeItsFirstModelLeavesAFreeFolder) {
    const std::string picture = bytes_of(folder_ / "train-3.png");
    write_file_atomically(folder_ / "train-3.png", "no picture");
    next_.batch = 16;  // the only step
    expect_error([&] { train_detector(next_); }, {"train-3.png"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "checkpoints"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "best.safetensors"));
    write_file_atomically(folder_ / "train-3.png", picture);
    std::filesystem::create_directory(folder_ / "run" / "checkpoints");  // an empty one is no model
    next_.overwrite = false;
    EXPECT_EQ(train_detector(next_).record.epochs.size(), 3u);
    std::filesystem::remove(folder_ / "run" / "last.safetensors");
    std::filesystem::remove(folder_ / "run" / "best.safetensors");
    std::filesystem::remove(folder_ / "run" / "report.html");
    expect_error([&] { train_detector(next_); }, {"not empty"});  // checkpoints/ holds one
}

}  // namespace
}  // namespace unmask
