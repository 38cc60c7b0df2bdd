// SPDX-License-Identifier: Apache-2.0
// kill -9 at any moment, some while a file is written: `unmask train --resume RUN` ends with the bytes of the
// run that was never stopped. A checkpoint after every step lets many of the kills fall into a write.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "engine/philox.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/child_process.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr uint64_t seed = 20260101;
constexpr int kills = 20;

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
        return words;
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

    TemporaryFolder folder_;
    std::filesystem::path data_;
};

TEST_F(Killed, AtTwentyRandomMomentsItEndsWithTheSameBytes) {
    const std::filesystem::path whole = folder_ / "whole";
    const Clock::time_point begin = Clock::now();
    ASSERT_EQ(finish(train(whole)), 0) << bytes_of(folder_ / "log");
    const double duration = std::chrono::duration<double>(Clock::now() - begin).count();
    PhiloxSequence random(seed, "kill");
    int killed = 0, in_a_write = 0;
    for (int i = 0; i < kills; ++i) {
        const std::filesystem::path run = folder_ / fmt::format("run-{}", i);
        SCOPED_TRACE(fmt::format("seed {}, kill {}", seed, i));
        {
            ChildProcess child(train(run), folder_ / "log");
            kill_at(child, run, random, i % 2 == 0, duration);
            const int code = child.wait();
            ASSERT_TRUE(code == 0 || code == 128 + SIGKILL) << bytes_of(folder_ / "log");
            killed += code == 0 ? 0 : 1;
        }
        in_a_write += is_half_written(run) ? 1 : 0;
        // Before it has written what it is, a run cannot be resumed.
        const bool begun = std::filesystem::exists(run / "run.json");
        const int code =
            finish(begun ? std::vector<std::string>{"train", "--resume", run.string()} : train(run));
        ASSERT_EQ(code, 0) << bytes_of(folder_ / "log");
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(run / name) == bytes_of(whole / name)) << name;
        EXPECT_EQ(metrics_without_times(run), metrics_without_times(whole));
        EXPECT_FALSE(is_half_written(run));
        std::filesystem::remove_all(run);
    }
    std::cout << killed << " of " << kills << " runs were killed before their end, " << in_a_write
              << " of them while they wrote a file\n";
    EXPECT_GE(killed, kills / 2);
    EXPECT_GE(in_a_write, 1);
}

}  // namespace
}  // namespace unmask
