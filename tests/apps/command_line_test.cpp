// SPDX-License-Identifier: Apache-2.0
// The command line: help, wrong usage, devices, folders that cannot be written.
#include <gtest/gtest.h>

#include <tuple>

#include "engine/atomic_file.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

TEST_F(Program, HelpAndVersionAreNoErrors) {
    for (const char* arguments : {"--help", "train --help", "detect --help", "--version"}) {
        const Outcome outcome = run_program(arguments);
        EXPECT_EQ(outcome.code, 0) << arguments;
        EXPECT_EQ(outcome.errors, "");
        EXPECT_FALSE(outcome.output.empty());
    }
    EXPECT_NE(run_program("--help").output.find("Exit codes"), std::string::npos);
    EXPECT_NE(run_program("detect --help").output.find("highest of its"), std::string::npos);
    const std::string version = run_program("--version").output;
    EXPECT_EQ(version.rfind("unmask ", 0), 0u);
    for (const char* name : {"ffmpeg: ", "openmp: ", "mpi: ", "onnx: ", "http_server: "})
        EXPECT_NE(version.find(name), std::string::npos) << name;
}

TEST_F(Program, HelpSaysWhatIsRequiredAndWhereTheRestIs) {
    const std::string all = run_program("--help").output;
    for (const char* code : {"  0 ", "  1 ", "  2 ", "  130 ", "143"})
        EXPECT_NE(all.find(code, all.find("Exit codes")), std::string::npos) << code;
    for (const char* command : {"prepare", "dataset", "dataset check", "train", "demo"}) {
        const std::string help = run_program(std::string(command) + " --help").output;
        const size_t found = help.find("Global options (");
        EXPECT_NE(found, std::string::npos) << help;
        EXPECT_EQ(help.find("Global options (", found + 1), std::string::npos) << help;
        EXPECT_EQ(help.find("before or after the subcommand"), std::string::npos) << help;
    }
    EXPECT_NE(all.find("--device NAME [cpu]"), std::string::npos) << all;
    EXPECT_NE(run_program("profile --help").output.find("--warm-up 1..10000 [2]"), std::string::npos);
    EXPECT_NE(run_program("prepare --help").output.find("--videos DIR REQUIRED"), std::string::npos);
    EXPECT_EQ(run_program("prepare --help").output.find("--json -|FILE REQUIRED"), std::string::npos);
}

TEST_F(Program, AWrongValueIsToldWithItsOption) {
    const std::string begin = "unmask: error: ";
    for (const char* arguments :
         {"bench|--device|tpu", "bench|--precision|f16", "bench|--branch-schedule|sideways",
          "bench|--winograd|on", "detect a.png --model b|--faces|none",
          "prepare --videos a --out b|--faces|none", "prepare --videos a --out b|--split-by|people"}) {
        std::string text = arguments;
        const size_t first = text.find('|'), second = text.find('|', first + 1);
        const std::string option = text.substr(first + 1, second - first - 1),
                          value = text.substr(second + 1);
        text = text.substr(0, first) + " " + option + " " + value;
        expect_failure(text, {begin + option + ": ", value});
    }
    expect_failure("bench --bogus", {"(see unmask bench --help)"});
    expect_failure("", {"(see unmask --help)"});
}

TEST_F(Program, WrongUsageEndsWithTwo) {
    expect_failure("", {"subcommand"});
    expect_failure("tran", {"found \"tran\"", "prepare, dataset, train"});
    expect_failure("--bogus", {"--bogus"});
    expect_failure("train --bogus 3", {"--bogus"});
    expect_failure("detect", {"files"});
    expect_failure("bench --batch zero", {"batch", "zero"});
    expect_failure("bench --mode walk", {"walk", "infer"});
    expect_failure("bench --mode train --batch 1", {"--batch must be at least 2"});
    expect_failure("bench --batch 65536 --size 4096", {"at least", "65536", "4096", "TiB", "of memory"});
    expect_failure("bench --width nan", {"--width", "from 0.01 to 16", "nan"});
    for (const char* option : {"--threshold", "--band", "--margin"})
        expect_failure("detect a.png --model b " + std::string(option) + " nan", {option, "nan"});
    expect_failure("prepare --videos a --out b --margin nan", {"--margin", "nan"});
    expect_failure("prepare --videos a --out b --split nan,0.5,0.5", {"--split", "nan"});
    for (const char* command : {"prepare --videos a --out ", "demo --out ", "train --data a --out "})
        expect_failure(command + path("x") + " --seed 9223372036854775808",
                       {"--seed", "9223372036854775808"});
    expect_failure("bench --backbone vgg", {"vgg", "resnet18"});
    expect_failure("bench --threads -1", {"threads", "-1"});
    expect_failure("bench --device tpu", {"tpu", "cuda"});
    expect_failure("bench --branch-schedule sideways", {"schedule", "lockstep", "sideways"});
    // A training's own --schedule is that of its learning rate.
    expect_failure("train --data " + data_ + " --out " + path("x") + " --schedule separate",
                   {"--schedule", "cosine"});
    expect_failure("train --data " + data_ + " --out " + path("x") + " --branch-schedule cosine",
                   {"schedule", "lockstep", "cosine"});
    expect_failure("bench --mode train --recompute=some", {"--recompute", "none, all or a number", "'some'"});
    expect_failure("bench --mode train --recompute=65", {"--recompute", "up to 64", "'65'"});
    expect_failure("bench --mode train --recompute --branch-schedule lockstep",
                   {"recompute", "separate or parallel", "lockstep"});
    expect_failure("bench --log-level loud", {"log-level", "loud"});
    expect_failure("train --out " + path("x"), {"--data"});
    expect_failure("train --data " + data_, {"--out"});
    expect_failure("train --data " + data_ + " --out " + path("x") + " --lr quick", {"--lr", "quick"});
    expect_failure("train --data " + data_ + " --out " + path("x") + " --branches 9",
                   {"--branches", "from 1 to 8"});
    for (const auto& [option, value, range] : {std::tuple{"--people", "1", "2 to 100000"},
                                               {"--size", "31", "32 to 112"},
                                               {"--size", "113", "32 to 112"},
                                               {"--epochs", "0", "1 to 1000"},
                                               {"--frames", "0", "1 to 1000"}})
        expect_failure("demo --out " + path("x") + " " + option + " " + value, {option, value, range});
    EXPECT_FALSE(std::filesystem::exists(path("x")));
}

TEST_F(Program, AFolderThatCannotBeWrittenIsNamed) {
    // Below a file, and in the kernel's own tree: nobody may write there, not even root.
    for (const std::string& folder : {data_ + "/run", std::string("/proc/unmask-run")}) {
        expect_failure("train --data " + data_ + " --out " + folder + tiny_model, {folder});
        expect_failure("demo --out " + folder, {folder});
    }
}

TEST_F(Program, ADemoReplacesNoOtherWork) {
    std::filesystem::create_directories(path("mine/faces"));
    write_file_atomically(path("mine/faces/faces.csv"), "mine");
    expect_failure("demo --people 2 --frames 1 --epochs 1 --size 32 --out " + path("mine"),
                   {path("mine"), "found other files"});
    EXPECT_EQ(bytes_of(path("mine/faces/faces.csv")), "mine");
    EXPECT_FALSE(std::filesystem::exists(path("mine/run")));
}

TEST_F(Program, CudaIsAClearErrorWithoutItsBackend) {
    const Outcome outcome = run_program("bench --device cuda --quiet --size 32 --batch 2 --runs 1");
    if (outcome.code == 0) GTEST_SKIP() << "this build and machine have CUDA";
    expect_failure("bench --device cuda", {"device cuda"});
}

}  // namespace
}  // namespace unmask
