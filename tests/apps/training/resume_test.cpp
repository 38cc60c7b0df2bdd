// SPDX-License-Identifier: Apache-2.0
#include "apps/training/resume.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/interrupt.h"
#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "engine/atomic_file.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class Resume : public testing::Test {
  protected:
    Resume() {
        set_thread_count(1);
        data_ = write_tiny_faces(folder_.path(), 16, 8, 0);
    }
    [[nodiscard]] TrainOptions options(const std::string& run) const {
        return tiny_training(data_, folder_ / run);
    }
    void expect_same_run(const std::string& a, const std::string& b) const {
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(folder_ / a / name) == bytes_of(folder_ / b / name)) << name;
        EXPECT_EQ(metrics_without_times(folder_ / a), metrics_without_times(folder_ / b));
    }
    // Trains until the signal that it gives itself after the first step takes effect.
    static void interrupt(const TrainOptions& options) {
        const InterruptWatch watch;  // the trainer's own begins anew: the signal comes from a thread
        std::atomic<bool> done = false;
        std::thread sender([&] {
            while (!done && !std::filesystem::exists(options.output / "last.safetensors"))
                std::this_thread::yield();
            ::raise(SIGTERM);
        });
        EXPECT_THROW(train_detector(options), Interruption);
        done = true;
        sender.join();
    }

    TemporaryFolder folder_;
    std::filesystem::path data_;
};

TEST_F(Resume, AnywhereInAnEpochToTheSameBytes) {
    train_detector(options("whole"));
    TrainOptions parts = options("parts");
    parts.checkpoint_minutes = 0;
    interrupt(parts);
    const auto entries = load_detector(folder_ / "parts" / "last.safetensors").info.training;
    EXPECT_TRUE(entries.contains("batch")) << "the run was not interrupted within an epoch";
    EXPECT_EQ(nlohmann::json::parse(bytes_of(folder_ / "parts" / "run.json"))["status"], "interrupted");

    // All of it from the folder.
    TrainOptions again;
    take_run_options(folder_ / "parts", again, false, {});
    EXPECT_EQ(again.epochs, 3);
    EXPECT_EQ(again.data, data_);
    EXPECT_EQ(again.threads, 1);
    EXPECT_FALSE(train_detector(again).was_complete);
    expect_same_run("whole", "parts");
    EXPECT_TRUE(train_detector(again).was_complete);
    expect_same_run("whole", "parts");
}

// Only what is asked for is computed otherwise.
TEST_F(Resume, KeepsWhatIsNotGivenAnew) {
    TrainOptions first = options("run");
    first.compute.winograd = Winograd::all;
    first.compute.recomputed_stages = 2;
    train_detector(first);
    TrainOptions again;
    again.compute.schedule = BranchSchedule::separate;
    take_run_options(folder_ / "run", again, false, {.schedule = true});
    EXPECT_EQ(again.compute.winograd, Winograd::all);
    EXPECT_EQ(again.compute.recomputed_stages, 2);
    EXPECT_EQ(again.compute.schedule, BranchSchedule::separate);
    prepare_compute({}, true);
}

TEST_F(Resume, ARunThatSavedNothingStartsOver) {
    train_detector(options("whole"));
    TrainOptions broken = options("run");
    broken.batch = 16;
    const std::string picture = bytes_of(folder_ / "train-3.png");
    train_detector([&] {
        TrainOptions whole = broken;
        whole.output = folder_ / "wide";
        return whole;
    }());
    write_file_atomically(folder_ / "train-3.png", "no picture");
    expect_error([&] { train_detector(broken); }, {"train-3.png"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "last.safetensors"));
    write_file_atomically(folder_ / "train-3.png", picture);
    TrainOptions again;
    take_run_options(folder_ / "run", again, false, {});
    testing::internal::CaptureStderr();
    train_detector(again);
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("the run had saved nothing yet: starting over"), std::string::npos) << told;
    expect_same_run("wide", "run");
}

TEST_F(Resume, TheLastCheckpointsAreKeptAndStandInForABrokenOne) {
    TrainOptions once = options("run");
    once.keep = 2;
    train_detector(once);
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run" / "checkpoints"))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"step-000000008.safetensors"}));
    const std::string last = bytes_of(folder_ / "run" / "last.safetensors");
    const std::string best = bytes_of(folder_ / "run" / "best.safetensors");
    write_file_atomically(folder_ / "run" / "last.safetensors", std::string_view(last).substr(0, 1000));
    once.resume = true;
    EXPECT_FALSE(train_detector(once).was_complete);
    EXPECT_TRUE(bytes_of(folder_ / "run" / "last.safetensors") == last);
    EXPECT_TRUE(bytes_of(folder_ / "run" / "best.safetensors") == best);
    for (const char* name : {"last.safetensors", "checkpoints/step-000000008.safetensors"})
        if (std::filesystem::exists(folder_ / "run" / name))
            write_file_atomically(folder_ / "run" / name, "no");
    expect_error([&] { train_detector(once); }, {"no checkpoint can be read", "last.safetensors"});
}

// Bytes that a disk or a copy changed, in a file of the right form.
TEST_F(Resume, ACheckpointWithDamagedBytesGivesWayToTheOneBeforeIt) {
    TrainOptions run = options("run");
    run.keep = 2;
    train_detector(run);
    const std::filesystem::path last = folder_ / "run/last.safetensors",
                                before = folder_ / "run/checkpoints/step-000000008.safetensors";
    const auto damage = [](const std::filesystem::path& path) {
        std::string bytes = bytes_of(path);
        bytes[bytes.size() / 2] = char(bytes[bytes.size() / 2] ^ 1);
        write_file_atomically(path, bytes);  // a file of its own, whatever was linked to it
    };
    const std::string good_last = bytes_of(last), good_before = bytes_of(before);
    const std::string best = bytes_of(folder_ / "run/best.safetensors");
    const std::string metrics = metrics_without_times(folder_ / "run");
    damage(last);
    run.resume = true;
    testing::internal::CaptureStderr();
    EXPECT_FALSE(train_detector(run).was_complete);
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find(last.string() + ": the file is damaged: expected tensors with the checksum "),
              std::string::npos)
        << told;
    EXPECT_NE(told.find("going on after epoch 2 of 3"), std::string::npos) << told;
    EXPECT_TRUE(bytes_of(last) == good_last);
    EXPECT_TRUE(bytes_of(before) == good_before) << "the damaged one took its place";
    EXPECT_TRUE(bytes_of(folder_ / "run/best.safetensors") == best);
    EXPECT_EQ(metrics_without_times(folder_ / "run"), metrics);

    // Where none is left the run is no new one, and all stays as it is.
    damage(last);
    damage(before);
    const std::string record = bytes_of(folder_ / "run/run.json"), damaged = bytes_of(last);
    expect_error([&] { train_detector(run); }, {"no checkpoint can be read", last.string(), "is damaged"});
    EXPECT_EQ(bytes_of(folder_ / "run/run.json"), record);
    EXPECT_TRUE(bytes_of(last) == damaged);
    EXPECT_TRUE(bytes_of(folder_ / "run/best.safetensors") == best);
}

// A run that was killed between its last two files.
TEST_F(Resume, ABestModelThatIsBehindIsWrittenAgain) {
    TrainOptions once = options("run");
    once.epochs = 1;
    train_detector(once);
    const std::string best = bytes_of(folder_ / "run" / "best.safetensors");
    std::filesystem::remove(folder_ / "run" / "best.safetensors");
    once.resume = true;
    EXPECT_TRUE(train_detector(once).was_complete);
    EXPECT_TRUE(bytes_of(folder_ / "run" / "best.safetensors") == best);
}

TEST_F(Resume, WithFrozenLayersThatThaw) {
    for (const int64_t stop : {1, 2}) {  // among the frozen epochs, and at the very thaw
        TrainOptions whole = options(fmt::format("whole-{}", stop)),
                     parts = options(fmt::format("parts-{}", stop));
        for (TrainOptions* each : {&whole, &parts}) {
            each->freeze = "stem,layer1";
            each->freeze_epochs = 2;
        }
        train_detector(whole);
        parts.stop_after = int(stop);
        train_detector(parts);
        parts.stop_after = 0;
        parts.resume = true;
        train_detector(parts);
        expect_same_run(fmt::format("whole-{}", stop), fmt::format("parts-{}", stop));
    }
}

TEST_F(Resume, OnOtherDataIsRefusedAndOnesThatCannotBeComparedAreSaid) {
    TrainOptions run = options("run");
    run.stop_after = 1;
    train_detector(run);
    run.stop_after = 0;
    run.resume = true;
    const std::string before = bytes_of(folder_ / "train-3.png");
    std::string after = before;
    after.back() = char(after.back() ^ 1);  // of the same size
    write_file_atomically(folder_ / "train-3.png", after);
    expect_error([&] { train_detector(run); }, {"last.safetensors", "cannot be resumed on other data",
                                                "expected the hash contents:", "found the hash contents:"});
    // Another kind of hash tells nothing.
    write_file_atomically(folder_ / "train-3.png", before);
    run.data_hash = DataHash::names;
    testing::internal::CaptureStderr();
    train_detector(run);
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_NE(told.find("the data are not compared with the run's: it recorded the hash contents:"),
              std::string::npos)
        << told;
    EXPECT_NE(told.find("now it is the hash names:"), std::string::npos) << told;
    EXPECT_EQ(nlohmann::json::parse(bytes_of(folder_ / "run" / "run.json"))["data"]["hash"]
                  .get<std::string>()
                  .rfind("names:", 0),
              0u);
}

// Pictures vanish while the run goes on: it stops, keeps the steps before, and goes on when they are back.
TEST_F(Resume, AfterAPictureVanishedInMidRun) {
    TrainOptions whole = options("whole"), parts = options("parts");
    for (TrainOptions* each : {&whole, &parts}) {
        each->epochs = 12;
        each->cache_mebibytes = 0;
    }
    train_detector(whole);
    const std::filesystem::path picture = folder_ / "train-5.png", aside = folder_ / "aside";
    std::thread thief([&] {
        while (!std::filesystem::exists(folder_ / "parts" / "best.safetensors")) std::this_thread::yield();
        std::filesystem::rename(picture, aside);
    });
    expect_error([&] { train_detector(parts); },
                 {"train-5.png", "is kept up to step", "unmask train --resume " + parts.output.string()});
    thief.join();
    const LoadedDetector kept = load_detector(parts.output / "last.safetensors");
    EXPECT_GE(std::stoll(kept.info.training.at("steps")), 4);
    parts.resume = true;
    expect_error([&] { train_detector(parts); }, {"train-5.png"});  // before any work
    std::filesystem::rename(aside, picture);
    train_detector(parts);
    expect_same_run("whole", "parts");
}

}  // namespace
}  // namespace unmask
