// SPDX-License-Identifier: Apache-2.0
// mpirun: several processes train what one trains alone, and none goes on alone when another is lost.
#include "apps/training/ranks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/philox.h"
#include "models/checkpoint.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// In a container reading another process's memory may be forbidden.
std::string launcher(int processes) {
    return std::string(
               "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
               "OMPI_MCA_btl_vader_single_copy_mechanism=none "
               "ASAN_OPTIONS=detect_leaks=0 ") +  // MPI leaves memory behind
           UNMASK_MPIEXEC +
           " -n " + std::to_string(processes) + " --oversubscribe";
}

const std::string endless = "--epochs 100000 --checkpoint-minutes 0";

// The process of that rank that was started with this word on its command line, 0 for none.
pid_t process_of(int rank, const std::string& word) {
    const std::string variable = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::string environment = bytes_of(entry.path() / "environ");
        environment.insert(0, 1, '\0');
        if (bytes_of(entry.path() / "cmdline").find(word) != std::string::npos &&
            environment.find('\0' + variable + '\0') != std::string::npos)
            return pid_t(std::stoi(name));
    }
    return 0;
}

class Ranks : public testing::Test {
  protected:
    Ranks() : data_(write_tiny_faces(folder_.path(), 24, 8, 0)) {}
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
    [[nodiscard]] std::string train(const std::string& run, const std::string& more) const {
        return "train --data " + data_.string() + " --out " + path(run) +
               " --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 12 --threads 1 --seed 3 "
               "--lr 1e-4 --quiet " +
               more;
    }
    // Loss, terms and validation of every epoch: metrics.csv without its times.
    [[nodiscard]] std::vector<std::vector<double>> curve(const std::string& run) const {
        std::istringstream text(bytes_of(folder_ / run / "metrics.csv"));
        std::vector<std::vector<double>> epochs;
        std::string line;
        std::getline(text, line);
        while (std::getline(text, line)) {
            std::istringstream cells(line);
            std::vector<double>& epoch = epochs.emplace_back();
            std::string cell;
            for (int column = 0; std::getline(cells, cell, ','); ++column)
                if ((column >= 2 && column <= 5) || column == 13) epoch.push_back(std::stod(cell));
        }
        return epochs;
    }
    // Starts a training and does something once its first checkpoint is there.
    Outcome disturbed(const std::string& run, const std::string& more, const std::function<void()>& disturb,
                      int processes = 2) {
        auto outcome = std::async(std::launch::async, [&] {
            return run_program(train(run, more), "timeout 120 env " + launcher(processes));
        });
        const auto begin = std::chrono::steady_clock::now();
        while (!fs::exists(folder_ / run / "last.safetensors") &&
               std::chrono::steady_clock::now() - begin < std::chrono::seconds(60))
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        disturb();
        return outcome.get();
    }

    TemporaryFolder folder_;
    fs::path data_;
};

void expect_same_curve(const std::vector<std::vector<double>>& found,
                       const std::vector<std::vector<double>>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t epoch = 0; epoch < expected.size(); ++epoch)
        for (size_t i = 0; i < expected[epoch].size(); ++i)
            EXPECT_NEAR(found[epoch][i], expected[epoch][i], 2e-5 * (1 + std::abs(expected[epoch][i])))
                << "epoch " << epoch + 1 << ", column " << i;
}

TEST(Binding, IsToldWhereItLeavesHalfOfTheMachineAlone) {
    EXPECT_EQ(
        binding_warning(1, 64, 2),
        "each process may run on 1 of 64 CPUs, which 2 processes share, as its launcher binds it: mpirun "
        "--bind-to none lets them use all");
    EXPECT_NE(binding_warning(16, 64, 2), "");
    EXPECT_EQ(binding_warning(17, 64, 2), "") << "more than half of its part";
    EXPECT_EQ(binding_warning(64, 64, 2), "");
    EXPECT_EQ(binding_warning(1, 2, 2), "");
}

TEST_F(Ranks, FollowTheCurveOfOneProcess) {
    for (const std::string more : {"--epochs 3", "--epochs 2 --mixup 0.5 --divergence sinkhorn --clip 1"}) {
        SCOPED_TRACE(more);
        const Outcome alone = run_program(train("alone", more + " --overwrite"));
        ASSERT_EQ(alone.code, 0) << alone.errors;
        for (const int processes : {2, 3}) {
            const Outcome together =
                run_program(train("together", more + " --overwrite"), "env " + launcher(processes));
            ASSERT_EQ(together.code, 0) << together.errors;
            EXPECT_NE(together.output.find("best model: "), std::string::npos);
            EXPECT_EQ(together.output.find("best model: "), together.output.rfind("best model: "))
                << together.output;
            expect_same_curve(curve("together"), curve("alone"));
        }
    }
}

TEST_F(Ranks, AreResumed) {
    const std::string two = "env " + launcher(2);
    const std::string epochs = "--epochs 15 --checkpoint-minutes 0";
    ASSERT_EQ(run_program(train("whole", epochs), two).code, 0);
    ASSERT_EQ(disturbed("parts", epochs, [&] { ::kill(process_of(0, path("parts")), SIGTERM); }).code, 143);
    const Outcome rest = run_program("train --quiet --resume " + path("parts"), two);
    ASSERT_EQ(rest.code, 0) << rest.errors;
    EXPECT_EQ(bytes_of(folder_ / "parts" / "last.safetensors"),
              bytes_of(folder_ / "whole" / "last.safetensors"));
}

TEST_F(Ranks, AnotherNumberOfProcessesIsToldAndKept) {
    ASSERT_EQ(disturbed("run", "--epochs 15 --checkpoint-minutes 0",
                        [&] { ::kill(process_of(0, path("run")), SIGTERM); })
                  .code,
              143);
    const Outcome rest = run_program("train --resume " + path("run"));
    ASSERT_EQ(rest.code, 0) << rest.errors;
    EXPECT_NE(rest.errors.find("going on with other processes or threads (processes was 2, is 1"),
              std::string::npos)
        << rest.errors;
    const auto json = nlohmann::json::parse(bytes_of(folder_ / "run" / "run.json"));
    EXPECT_EQ(json["processes"], 1);
    ASSERT_EQ(json["earlier_sessions"].size(), 1u);
    EXPECT_EQ(json["earlier_sessions"][0]["processes"], 2);
    EXPECT_EQ(json["earlier_sessions"][0]["threads"], 1);
    EXPECT_GT(json["from_step"], 0);
    // A complete run takes no other session in, and verify compares with the one that computed the best
    // epoch.
    ASSERT_EQ(run_program("train --quiet --resume " + path("run"), "env " + launcher(2)).code, 0);
    EXPECT_EQ(nlohmann::json::parse(bytes_of(folder_ / "run" / "run.json"))["processes"], 1);
}

TEST_F(Ranks, KilledAtRandomMomentsTheyEndWithTheSameBytes) {
    const std::string two = "env " + launcher(2), settings = "--epochs 6 --checkpoint-minutes 0";
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(run_program(train("whole", settings), two).code, 0);
    const double duration = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    PhiloxSequence random(20260101, "kill");
    int killed = 0;
    for (int i = 0; killed < 4; ++i) {
        ASSERT_LT(i, 20) << "only " << killed << " runs could be killed before their end";
        const std::string run = "run-" + std::to_string(i);
        SCOPED_TRACE(run);
        const auto moment = std::chrono::duration<double>(double(random.uniform()) * duration * 0.6);
        const int rank = int(random.below(2));
        const Outcome outcome = disturbed(run, settings, [&] {
            std::this_thread::sleep_for(moment);
            const pid_t process = process_of(rank, path(run));
            if (process > 0) ::kill(process, SIGKILL);
        });
        if (outcome.code == 0) continue;  // it was over before
        ++killed;
        const Outcome rest = run_program("train --quiet --resume " + path(run), two);
        ASSERT_EQ(rest.code, 0) << rest.errors;
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(folder_ / run / name) == bytes_of(folder_ / "whole" / name)) << name;
    }
}

TEST_F(Ranks, OtherCommandsAreTheWorkOfOneProcess) {
    for (const std::string command : {"evaluate --model m --data d", "verify run", "detect a.png --model m",
                                      "prepare --videos v --out o", "dataset check d"}) {
        const Outcome outcome = run_program(command, "env " + launcher(2));
        EXPECT_EQ(outcome.code, 2) << command << "\n" << outcome.errors;
        EXPECT_EQ(count_of("unmask: error: ", outcome.errors), 1u) << outcome.errors;
        EXPECT_NE(outcome.errors.find("is the work of one process, found 2 started together"),
                  std::string::npos)
            << outcome.errors;
    }
}

TEST_F(Ranks, ALostRankEndsTheRunWithItsCheckpoint) {
    const Outcome outcome = disturbed("run", endless, [&] {
        const pid_t lost = process_of(1, path("run"));
        ASSERT_GT(lost, 0);
        ::kill(lost, SIGKILL);
    });
    EXPECT_NE(outcome.code, 0);
    EXPECT_NE(outcome.code, 124) << "it went on";
    EXPECT_NE(outcome.errors.find("rank 0: another rank of this run does not answer any more"),
              std::string::npos)
        << outcome.errors;
    EXPECT_EQ(count_of("unmask: error: ", outcome.errors), 1u) << outcome.errors;
    EXPECT_NE(outcome.errors.find("unmask train --resume " + path("run")), std::string::npos)
        << outcome.errors;
    EXPECT_GT(std::stoi(load_detector(folder_ / "run" / "last.safetensors").info.training.at("steps")), 0);
}

// Each of those that are left could say it; the first of them does.
TEST_F(Ranks, ALostFirstRankIsToldOfOnce) {
    for (const int processes : {2, 3}) {
        const std::string run = "run-" + std::to_string(processes);
        const Outcome outcome = disturbed(
            run, endless,
            [&] {
                const pid_t lost = process_of(0, path(run));
                ASSERT_GT(lost, 0);
                ::kill(lost, SIGKILL);
            },
            processes);
        EXPECT_NE(outcome.code, 0);
        EXPECT_NE(outcome.code, 124) << "it went on";
        EXPECT_EQ(count_of("unmask: error: ", outcome.errors), 1u) << outcome.errors;
        EXPECT_NE(outcome.errors.find("rank 1: another rank of this run does not answer any more"),
                  std::string::npos)
            << outcome.errors;
        EXPECT_NE(outcome.errors.find("is kept up to " + path(run) +
                                      "/last.safetensors; to go on: unmask "
                                      "train --resume " +
                                      path(run)),
                  std::string::npos)
            << outcome.errors;
        EXPECT_GT(std::stoi(load_detector(folder_ / run / "last.safetensors").info.training.at("steps")), 0);
    }
}

TEST_F(Ranks, ASignalStopsAllAfterTheSameStep) {
    const Outcome outcome = disturbed("run", endless, [&] {
        const pid_t any = process_of(1, path("run"));
        ASSERT_GT(any, 0);
        ::kill(any, SIGTERM);
    });
    EXPECT_EQ(outcome.code, 143) << outcome.errors;
    EXPECT_NE(outcome.errors.find("is kept up to step"), std::string::npos) << outcome.errors;
    const std::string record = bytes_of(folder_ / "run" / "run.json");
    EXPECT_NE(record.find("\"interrupted\""), std::string::npos);
}

// A step that takes longer than a lost rank would be waited for.
TEST_F(Ranks, ASignalWaitsForTheStepOfAllThatAreThere) {
    const Outcome outcome = disturbed("run", endless, [&] {
        const pid_t first = process_of(0, path("run")), slow = process_of(1, path("run"));
        ASSERT_GT(first, 0);
        ASSERT_GT(slow, 0);
        ::kill(slow, SIGSTOP);
        ::kill(first, SIGTERM);
        std::this_thread::sleep_for(std::chrono::seconds(2));
        ::kill(slow, SIGCONT);
    });
    EXPECT_EQ(outcome.code, 143) << outcome.errors;
    EXPECT_NE(outcome.errors.find("is kept up to step"), std::string::npos) << outcome.errors;
}

TEST_F(Ranks, ABatchThatCannotBeSharedIsRefused) {
    const Outcome outcome = run_program(train("run", "--epochs 1"), "env " + launcher(5));
    EXPECT_NE(outcome.code, 0);
    EXPECT_NE(outcome.errors.find("expected a batch of a multiple"), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace unmask
