// SPDX-License-Identifier: Apache-2.0
// unmask profile.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

const std::string small_profile =
    "profile --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 2 --runs 2 --warm-up 1 "
    "--threads 1 --quiet ";

TEST_F(Program, ProfilesInferenceAndTraining) {
    for (const std::string mode : {"infer", "train"}) {
        const Outcome outcome = run_program(small_profile + "--mode " + mode + " --json -");
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        const auto json = nlohmann::json::parse(outcome.output);
        EXPECT_EQ(json["mode"], mode);
        EXPECT_LE(json["kernel_seconds"].get<double>(), json["seconds"].get<double>());
        EXPECT_EQ(json["needed_bytes"].is_null(), mode == "infer");
        EXPECT_GT(json["machine"]["flops_per_second"].get<double>(), 1e8);
        double flops = 0;
        for (const auto& line : json["lines"]) flops += line["flops"].get<double>();
        EXPECT_EQ(flops, json["flops"].get<double>());
        EXPECT_FALSE(json["kernels"].empty());
    }
}

TEST_F(Program, ProfilePrintsATableOfTheLongest) {
    const Outcome outcome = run_program(small_profile + "--top 3");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    for (const char* text : {"layer ", "x floor", "more: ", "conv2d_forward", "all kernels",
                             "outside of them", "the whole step", "peak memory"})
        EXPECT_NE(outcome.output.find(text), std::string::npos) << text << "\n" << outcome.output;
    const std::string first = outcome.output.substr(outcome.output.find("layer "));
    EXPECT_EQ(std::ranges::count(first.substr(0, first.find("and ")), '\n'), 4) << outcome.output;
    // Which are the longest is not certain, which there are is.
    const Outcome all = run_program(small_profile + "--top 1000");
    for (const char* text : {"branches.0.conv1 ", "branches.1.layer4.1.conv2 ", "fusion.0 "})
        EXPECT_NE(all.output.find(text), std::string::npos) << text << "\n" << all.output;
    EXPECT_EQ(all.output.find("more: "), std::string::npos) << all.output;
}

TEST_F(Program, ProfileRefusesWhatItDoesNotKnow) {
    expect_failure("profile --by time", {"--by", "layer", "kernel", "shape"});
    expect_failure("profile --top -1", {"--top"});
    expect_failure("profile --mode both", {"--mode"});
    expect_failure("profile --warm-up 0", {"--warm-up", "1 to 10000"});
    expect_failure("profile --mode train --batch 1", {"--batch", "at least 2"});
    expect_failure("profile --json /nowhere/profile.json", {"/nowhere/profile.json"});
    expect_failure("profile --steps 3", {"--steps"});
}

}  // namespace
}  // namespace unmask
