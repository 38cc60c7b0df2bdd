// SPDX-License-Identifier: Apache-2.0
// What a run leaves for TensorBoard and people, also when it was interrupted.
#include "apps/training/training_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "apps/evaluation/score_file.h"
#include "apps/tensorboard/event_file.h"
#include "engine/atomic_file.h"
#include "tests/apps/tensorboard/read_events.h"
#include "tests/apps/training/trainer_fixture.h"

namespace unmask {
namespace {

using Curves = std::map<std::string, std::vector<std::pair<int64_t, float>>>;

std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().filename().string().starts_with(event_file_prefix)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

// What TensorBoard shows of a folder: the files by name, and a session's start drops what was logged from its
// step on.
Curves shown(const std::filesystem::path& folder) {
    Curves curves;
    for (const std::filesystem::path& file : event_files(folder)) {
        for (const ReadEvent& event : read_events(file)) {
            if (event.session_start)
                for (auto& [tag, points] : curves)
                    std::erase_if(points, [&](const auto& point) { return point.first >= event.step; });
            for (const auto& [tag, value] : event.scalars) curves[tag].emplace_back(event.step, value);
        }
    }
    return curves;
}

class TrainingLogTest : public TrainerTest {
  protected:
    TrainingLogTest() : TrainerTest(32, 8, 4) {}
    TrainOptions options(const std::string& run) const {
        TrainOptions options = TrainerTest::options(run);
        options.epochs = 3;
        options.batch = 8;
        return options;
    }
    // Everything but times is the same.
    static void expect_same(Curves a, Curves b) {
        for (Curves* curves : {&a, &b}) curves->erase("images_per_second");
        EXPECT_EQ(a, b);
    }
};

TEST_F(TrainingLogTest, EveryStepAndEpochIsThereOnce) {
    const TrainResult result = train_detector(options("run"));
    const Curves steps = shown(folder_ / "run");
    for (const char* tag : {"loss/total", "loss/classification", "loss/global_information",
                            "loss/local_information", "learning_rate", "images_per_second"}) {
        ASSERT_TRUE(steps.contains(tag)) << tag;
        ASSERT_EQ(steps.at(tag).size(), 12u) << tag;
        for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(steps.at(tag)[size_t(i)].first, i + 1) << tag;
    }
    double sum = 0;  // batches of one size: the epoch's mean is that of its steps
    for (size_t i = 0; i < 4; ++i) sum += double(steps.at("loss/total")[i].second);
    EXPECT_NEAR(sum / 4, result.record.epochs[0].loss.total, 1e-5);
    const Curves validation = shown(folder_ / "run" / "validation");
    ASSERT_EQ(validation.at("frame/auc").size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(validation.at("video/log_loss")[i].first, result.record.epochs[i].steps);
        EXPECT_EQ(validation.at("frame/auc")[i].second,
                  float(*result.record.epochs[i].validation->frame.auc));
    }
    // The scores beside them are those of the best epoch.
    const ScoredRows scored = read_scores(folder_ / "run" / validation_scores_name);
    const EpochRecord& best = result.record.epochs[size_t(result.record.best_epoch - 1)];
    EXPECT_EQ(evaluate_scores(scored.rows, scored.scores).all.video.log_loss,
              best.validation->video.log_loss);
    EXPECT_NE(bytes_of(folder_ / "run" / "report.html").find("ROC curve"), std::string::npos);
}

TEST_F(TrainingLogTest, AResumedRunShowsWhatAnUninterruptedOneDoes) {
    train_detector(options("whole"));
    TrainOptions parts = options("parts");
    parts.stop_after = 1;
    train_detector(parts);
    {  // As if it had been killed later: steps and a validation after its checkpoint, and half a record.
        EventFile later(folder_ / "parts"), validation(folder_ / "parts" / "validation");
        for (int64_t step = 5; step < 10; ++step)
            later.add(step, std::vector<Scalar>{{"loss/total", 1e6}, {"learning_rate", 7}});
        validation.add(8, std::vector<Scalar>{{"frame/auc", -1}});
    }
    parts.stop_after = 0;
    parts.resume = true;
    train_detector(parts);
    expect_same(shown(folder_ / "parts"), shown(folder_ / "whole"));
    expect_same(shown(folder_ / "parts" / "validation"), shown(folder_ / "whole" / "validation"));
    // A run that was complete adds nothing.
    const size_t files = event_files(folder_ / "parts").size();
    train_detector(parts);
    EXPECT_EQ(event_files(folder_ / "parts").size(), files);
}

// In the middle of an epoch, and within its validation: the last step's loss stays, the validation is redone.
TEST_F(TrainingLogTest, SessionsDropExactlyWhatIsRepeated) {
    struct Case {
        int64_t batch, first_step_dropped, first_validation_dropped;
    };
    for (const Case& one : {Case{0, 9, 9}, Case{2, 9, 8}, Case{4, 9, 8}}) {
        const TemporaryFolder folder;
        RunProgress progress;
        progress.steps = 8;
        progress.batch = one.batch;
        {
            const auto logs = training_logs(folder.path(), progress);
            logs[0]->on_step({.step = 9, .terms = {.total = 1}});
            logs[0]->on_epoch({.epoch = 3, .steps = 12});
        }
        EXPECT_EQ(read_events(event_files(folder.path())[0])[1].step, one.first_step_dropped);
        EXPECT_EQ(read_events(event_files(folder / "validation")[0])[1].step, one.first_validation_dropped);
    }
    const TemporaryFolder folder;
    const auto logs = training_logs(folder.path(), RunProgress{});
    logs[0]->on_step({.step = 1, .terms = {.total = 1}});
    EXPECT_FALSE(read_events(event_files(folder.path())[0])[1].session_start);
    // A run that had logged steps, but saved none, starts over.
    const auto again = training_logs(folder.path(), RunProgress{});
    again[0]->on_step({.step = 1, .terms = {.total = 2}});
    EXPECT_EQ(shown(folder.path()).at("loss/total"), (std::vector<std::pair<int64_t, float>>{{1, 2.0F}}));
}

TEST_F(TrainingLogTest, ReplacingARunRemovesItsEvents) {
    TrainOptions once = options("run");
    once.epochs = 1;
    train_detector(once);
    once.overwrite = true;
    train_detector(once);
    EXPECT_EQ(event_files(folder_ / "run").size(), 1u);
    EXPECT_EQ(event_files(folder_ / "run" / "validation").size(), 1u);
}

TEST_F(TrainingLogTest, AReportThatCannotBeWrittenIsNoFailure) {
    TrainOptions once = options("run");
    once.epochs = 1;
    std::filesystem::create_directories(folder_ / "run");
    train_detector(once);
    std::filesystem::remove(folder_ / "run" / "report.html");
    std::filesystem::create_directory(folder_ / "run" / "report.html");
    write_file_atomically(folder_ / "run" / "report.html" / "x", "x");
    once.resume = true;
    EXPECT_TRUE(train_detector(once).was_complete);
}

}  // namespace
}  // namespace unmask
