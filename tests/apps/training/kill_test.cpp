// SPDX-License-Identifier: Apache-2.0
// kill -9 at any moment, some while a file is written: `unmask train --resume RUN` ends with the bytes of the
// run that was never stopped. A checkpoint after every step lets many of the kills fall into a write.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "apps/training/run_folder.h"
#include "engine/philox.h"
#include "tests/apps/child_process.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr uint64_t seed = 20260101;

using Clock = std::chrono::steady_clock;

bool is_half_written(const std::filesystem::path& run) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(run, error))
        if (entry.path().filename().string().find(".tmp") != std::string::npos) return true;
    return false;
}

class Killed : public testing::Test {
  protected:
    Killed() { data_ = write_tiny_faces(folder_.path(), 16, 8, 0); }

    [[nodiscard]] std::vector<std::string> train(const std::filesystem::path& run) const {
        std::vector<std::string> words{"train", "--data", data_.string(), "--out", run.string()};
        for (const char* word : {"--backbone", "resnet18",  "--branches",
                                 "1",          "--width",   "0.05",
                                 "--size",     "32",        "--epochs",
                                 "3",          "--batch",   "4",
                                 "--mixup",    "0.5",       "--average-decay",
                                 "0.9",        "--warmup",  "3",
                                 "--keep",     "3",         "--checkpoint-minutes",
                                 "0",          "--threads", "1",
                                 "--seed",     "3"})
            words.emplace_back(word);
        words.insert(words.end(), more_.begin(), more_.end());
        return words;
    }
    [[nodiscard]] static std::vector<std::string> resume(const std::filesystem::path& run) {
        return {"train", "--resume", run.string()};
    }
    [[nodiscard]] int finish(const std::vector<std::string>& words) const {
        return ChildProcess(words, folder_ / "log").wait();
    }
    // Kills the process after some time, or in the middle of the n-th file that it is seen to write.
    static void kill_at(ChildProcess& child, const std::filesystem::path& run, PhiloxSequence& random,
                        bool in_a_write, double duration) {
        const Clock::time_point moment =
            Clock::now() + std::chrono::microseconds(int64_t(double(random.uniform()) * duration * 1e6));
        uint64_t writes = 1 + random.below(20);
        for (bool before = false; child.running();) {
            const bool writing = in_a_write && is_half_written(run);
            if (writing && !before && --writes == 0) break;
            before = writing;
            if (!in_a_write && Clock::now() >= moment) break;
            if (!in_a_write) std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        child.send(SIGKILL);
    }

    void expect_the_same_bytes(int kills);

    TemporaryFolder folder_;
    std::filesystem::path data_;
    std::vector<std::string> more_;  // arguments
};

// Kills so many runs, each resumed to its end, which must be that of the run that was never stopped.
void Killed::expect_the_same_bytes(int kills) {
    const std::filesystem::path whole = folder_ / "whole";
    const Clock::time_point begin = Clock::now();
    ASSERT_EQ(finish(train(whole)), 0) << bytes_of(folder_ / "log");
    double duration = std::chrono::duration<double>(Clock::now() - begin).count();
    PhiloxSequence random(seed, "kill");
    int killed = 0, in_a_write = 0;
    for (int i = 0; killed < kills; ++i) {
        ASSERT_LT(i, 5 * kills) << "only " << killed << " runs could be killed before their end";
        const std::filesystem::path run = folder_ / fmt::format("run-{}", i);
        SCOPED_TRACE(fmt::format("seed {}, kill {}", seed, i));
        {
            ChildProcess child(train(run), folder_ / "log");
            kill_at(child, run, random, i % 2 == 0, duration);
            const int code = child.wait();
            ASSERT_TRUE(code == 0 || code == 128 + SIGKILL) << bytes_of(folder_ / "log");
            if (code == 0) {  // it was over before
                duration *= 0.8;
                continue;
            }
            ++killed;
        }
        in_a_write += is_half_written(run) ? 1 : 0;
        // Before it has written what it is, a run cannot be resumed, and has written nothing else but its
        // lock.
        const bool has_begun = std::filesystem::exists(run / "run.json");
        const int code = finish(has_begun ? resume(run) : train(run));
        ASSERT_EQ(code, 0) << bytes_of(folder_ / "log");
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(run / name) == bytes_of(whole / name)) << name;
        EXPECT_EQ(metrics_without_times(run), metrics_without_times(whole));
        EXPECT_FALSE(is_half_written(run));
        std::filesystem::remove_all(run);
    }
    std::cout << killed << " runs were killed, " << in_a_write << " of them while they wrote a file\n";
    EXPECT_GE(in_a_write, 1);
}

TEST_F(Killed, AtTwentyRandomMomentsItEndsWithTheSameBytes) {
    expect_the_same_bytes(20);
}

// Its record is there before its data are hashed, which takes seconds for pictures of such sizes.
TEST_F(Killed, WhileItHashesItsDataItStartsOver) {
    const std::filesystem::path whole = folder_ / "whole", run = folder_ / "run";
    ASSERT_EQ(finish(train(whole)), 0) << bytes_of(folder_ / "log");
    for (const bool over_another : {false, true}) {
        SCOPED_TRACE(over_another);
        std::vector<std::string> words = train(run);
        if (over_another) {
            std::filesystem::remove_all(run);
            words.back() = "4";  // another seed
            ASSERT_EQ(finish(words), 0) << bytes_of(folder_ / "log");
            words = train(run);
            words.emplace_back("--overwrite");
        }
        const auto status = [&] { return RunFolder::follow(run).recorded().status; };
        std::vector<std::pair<std::filesystem::path, std::uintmax_t>> pictures;
        for (int i = 0; i < 16; ++i) {
            const std::filesystem::path picture = folder_ / fmt::format("train-{}.png", i);
            pictures.emplace_back(picture, std::filesystem::file_size(picture));
            std::filesystem::resize_file(picture, std::uintmax_t{256} << 20);  // sparse
        }
        {
            ChildProcess child(words, folder_ / "log");
            while (child.running() &&
                   !(std::filesystem::exists(run / "run.json") && status() == starting_status))
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            child.send(SIGKILL);
            EXPECT_EQ(child.wait(), 128 + SIGKILL) << bytes_of(folder_ / "log");
        }
        for (const auto& [picture, size] : pictures) std::filesystem::resize_file(picture, size);
        ASSERT_TRUE(std::filesystem::exists(run / "run.json"));
        EXPECT_EQ(status(), starting_status);
        ASSERT_EQ(finish(resume(run)), 0) << bytes_of(folder_ / "log");
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(run / name) == bytes_of(whole / name)) << name;
    }
}

// Forgeries that are made anew in every epoch, layers that thaw, averages of all weights.
TEST_F(Killed, WithForgeriesFrozenLayersAndAveragesToo) {
    more_ = {"--forge", "self-blend", "--freeze", "stem,layer1", "--freeze-epochs", "1"};
    expect_the_same_bytes(6);
}

}  // namespace
}  // namespace unmask
