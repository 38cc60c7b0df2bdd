// SPDX-License-Identifier: Apache-2.0
// `unmask train` when something goes wrong around it: signals, full disks, folders that cannot be written.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/child_process.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"

namespace unmask {
namespace {

// A run that stopped after its first of three epochs, and what it should become.
class Faults : public testing::Test {
  protected:
    Faults() {
        set_thread_count(1);
        data_ = write_tiny_faces(folder_.path(), 16, 8, 0);
        TrainOptions options = tiny_training(data_, folder_ / "whole");
        train_detector(options);
        options.output = run_;
        options.stop_after = 1;
        train_detector(options);
    }
    [[nodiscard]] std::string resume() const { return "train --resume " + run_.string(); }
    void expect_the_whole_run() const {
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(run_ / name) == bytes_of(folder_ / "whole" / name)) << name;
    }
    void expect_nothing_lost(const std::string& last_before) const {
        EXPECT_TRUE(bytes_of(run_ / "last.safetensors") == last_before);
        EXPECT_EQ(load_detector(run_ / "last.safetensors").info.training.at("epoch"), "1");
        const Outcome outcome = run_program(resume());
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        expect_the_whole_run();
    }

    TemporaryFolder folder_;
    std::filesystem::path data_, run_ = folder_ / "run";
};

TEST_F(Faults, WhatComputesOtherwiseIsToldAndRecorded) {
    auto before = nlohmann::ordered_json::parse(bytes_of(run_ / "run.json"));
    EXPECT_EQ(before["from_step"], 0);
    EXPECT_TRUE(before["earlier_sessions"].empty());
    before["build"]["compiler"] = "another";
    before["libraries"]["libfast"] = "1.2";
    write_file_atomically(run_ / "run.json", before.dump(2));
    const Outcome outcome = run_program(resume() + " --threads 2 --quiet");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 3) << outcome.errors;
    // The program may know more libraries than this test, which wrote the run: CUDA's.
    for (const char* text :
         {"going on with another build (compiler was another, is ", "going on with other libraries (",
          "libfast was 1.2, is none)", "going on with other processes or threads (threads was 1, is 2)"})
        EXPECT_NE(outcome.errors.find(text), std::string::npos) << text << " in " << outcome.errors;

    const auto after = nlohmann::json::parse(bytes_of(run_ / "run.json"));
    EXPECT_EQ(after["threads"], 2);
    EXPECT_EQ(after["from_step"], 4);
    ASSERT_EQ(after["earlier_sessions"].size(), 1u);
    EXPECT_EQ(after["earlier_sessions"][0]["build"]["compiler"], "another");
    EXPECT_EQ(after["earlier_sessions"][0]["threads"], 1);
    // A complete run computes nothing more, with whatever program.
    EXPECT_EQ(run_program(resume() + " --threads 1 --quiet").errors, "");
    EXPECT_EQ(nlohmann::json::parse(bytes_of(run_ / "run.json"))["threads"], 2);
}

TEST_F(Faults, ResumeTakesAllFromTheRunAndIsDoneOnce) {
    const Outcome outcome = run_program(resume());
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.errors.find("resuming " + run_.string() + ": data " + data_.string()),
              std::string::npos)
        << outcome.errors;
    expect_the_whole_run();
    const Outcome again = run_program(resume() + " --quiet");
    EXPECT_EQ(again.code, 0) << again.errors;
    EXPECT_NE(again.output.find("the run was complete"), std::string::npos) << again.output;
    expect_the_whole_run();

    const Outcome nothing = run_program("train --quiet --resume " + (folder_ / "none").string());
    EXPECT_EQ(nothing.code, 2);
    EXPECT_NE(nothing.errors.find("run.json is missing"), std::string::npos) << nothing.errors;
    EXPECT_EQ(run_program(resume() + " --out " + run_.string()).code, 2);
    const Outcome other = run_program(resume() + " --quiet --lr 0.5");
    EXPECT_EQ(other.code, 2);
    EXPECT_NE(other.errors.find("lr = 0.5"), std::string::npos) << other.errors;
}

TEST_F(Faults, ADamagedRecordIsNamedWithWhatToDo) {
    const std::string record = bytes_of(run_ / "run.json");
    write_file_atomically(run_ / "run.json", record.substr(0, 40));
    const Outcome outcome = run_program(resume() + " --quiet");
    EXPECT_EQ(outcome.code, 2);
    for (const std::string& text :
         {(run_ / "run.json").string() + ": is not the record of a run: the text is no JSON from byte",
          "unmask train --init " + (run_ / "last.safetensors").string()})
        EXPECT_NE(outcome.errors.find(text), std::string::npos) << outcome.errors;
    EXPECT_EQ(outcome.errors.find("json.exception"), std::string::npos) << outcome.errors;
    std::filesystem::rename(run_ / "last.safetensors", folder_ / "aside");
    const Outcome without = run_program(resume() + " --quiet");
    EXPECT_NE(without.errors.find("put a copy of it back, or begin the run anew"), std::string::npos)
        << without.errors;
    EXPECT_EQ(without.errors.find("--init"), std::string::npos) << without.errors;
    std::filesystem::rename(folder_ / "aside", run_ / "last.safetensors");
    write_file_atomically(run_ / "run.json", record);
    EXPECT_EQ(run_program(resume() + " --quiet").code, 0);
}

TEST_F(Faults, OtherThreadsAreAWarning) {
    const Outcome outcome = run_program(resume() + " --threads 2");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.errors.find("threads was 1, is 2"), std::string::npos) << outcome.errors;
}

TEST_F(Faults, SignalsEndTheStepAndSayHowToGoOn) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const std::filesystem::path run = folder_ / fmt::format("signal-{}", signal);
        TrainOptions options = tiny_training(data_, folder_ / fmt::format("whole-{}", signal));
        options.epochs = 40;
        train_detector(options);
        options.output = run;
        options.stop_after = 1;
        train_detector(options);
        {
            ChildProcess child({"train", "--resume", run.string()}, folder_ / "log");
            const std::string before = bytes_of(run / "metrics.csv");
            while (child.running() && bytes_of(run / "metrics.csv") == before)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            child.send(signal);
            EXPECT_EQ(child.wait(), 128 + signal) << bytes_of(folder_ / "log");
        }
        EXPECT_NE(bytes_of(folder_ / "log").find("to go on: unmask train --resume " + run.string()),
                  std::string::npos)
            << bytes_of(folder_ / "log");
        EXPECT_EQ(nlohmann::json::parse(bytes_of(run / "run.json"))["status"], "interrupted");
        EXPECT_EQ(run_program("train --resume " + run.string()).code, 0);
        for (const char* name : {"best.safetensors", "last.safetensors"})
            EXPECT_TRUE(bytes_of(run / name) ==
                        bytes_of(options.output.parent_path() / fmt::format("whole-{}", signal) / name))
                << name;
    }
}

TEST_F(Faults, AFileThatGrowsPastALimitIsAnErrorLikeAFullDisk) {
    const std::string last = bytes_of(run_ / "last.safetensors");
    const Outcome outcome = run_program(resume() + " --quiet", "ulimit -f 64;");
    EXPECT_EQ(outcome.code, 2) << outcome.errors;
    EXPECT_NE(outcome.errors.find("last.safetensors: writing failed"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("writing failed: File too large; the latest steps are lost"),
              std::string::npos)
        << outcome.errors;
    EXPECT_NE(outcome.errors.find("is kept up to step 4"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("to go on: unmask train --resume"), std::string::npos) << outcome.errors;
    const std::string status = nlohmann::json::parse(bytes_of(run_ / "run.json"))["status"];
    EXPECT_NE(status.find("last.safetensors: writing failed"), std::string::npos) << status;
    expect_nothing_lost(last);
}

// In a mount namespace of its own, as far as this machine lets one make one.
TEST_F(Faults, AFullDiskAndAFolderThatBecameReadOnly) {
    const std::string own = "unshare --mount --map-root-user sh -c ";
    if (std::system((own + "'mount -t tmpfs none /mnt' >/dev/null 2>&1").c_str()) != 0)
        GTEST_SKIP() << "file systems cannot be mounted here, not even in a namespace";
    const std::string last = bytes_of(run_ / "last.safetensors"), log = (folder_ / "log").string();
    const auto run_within = [&](const std::string& mounts) {
        const std::string line = own + "'" + mounts + " && " + UNMASK_PROGRAM + " train --quiet --resume " +
                                 "\"$0\" >" + log + " 2>&1; echo $? >>" + log + "' ";
        return line;
    };
    // A disk with room for the run and half a checkpoint more.
    std::uintmax_t size = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run_))
        if (entry.is_regular_file()) size += entry.file_size();
    const std::string disk = fmt::format("mount -t tmpfs -o size={} none /mnt && cp -r {} /mnt/run",
                                         size + last.size() / 2, run_.string());
    static_cast<void>(std::system((run_within(disk) + "/mnt/run").c_str()));
    EXPECT_NE(bytes_of(log).find("last.safetensors: writing failed: No space left on device"),
              std::string::npos)
        << bytes_of(log);
    EXPECT_TRUE(bytes_of(log).ends_with("\n2\n")) << bytes_of(log);
    const std::string bound =
        fmt::format("mount --bind {0} {0} && mount -o remount,bind,ro {0}", run_.string());
    static_cast<void>(std::system((run_within(bound) + run_.string()).c_str()));
    EXPECT_NE(bytes_of(log).find("cannot be written: Read-only file system"), std::string::npos)
        << bytes_of(log);
    EXPECT_TRUE(bytes_of(log).ends_with("\n2\n")) << bytes_of(log);
    expect_nothing_lost(last);
}

}  // namespace
}  // namespace unmask
