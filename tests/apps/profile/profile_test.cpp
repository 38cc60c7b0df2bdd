// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "apps/bench.h"
#include "apps/profile/profile_lines.h"

namespace unmask {
namespace {

const MachinePeak machine{.threads = 1, .flops = 1e9, .bytes = 1e9};

BenchOptions small(const std::string& mode) {
    BenchOptions options{.mode = mode, .batch = 2, .runs = 3, .warm_up = least_profile_warm_up};
    options.train.model = {.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32};
    return options;
}

// Calls of each layer, by kernel.
std::map<std::string, std::multiset<std::string>> calls_by_layer(const Profile& profile) {
    std::map<std::string, std::multiset<std::string>> result;
    for (const auto& [call, seconds] : profile.calls) result[call.layer].insert(call.kernel);
    return result;
}

TEST(Profile, NamesTheLayersOfInferenceThoughTheirWeightsAreFolded) {
    const auto calls = calls_by_layer(run_profile(small("infer"), machine));
    const std::multiset<std::string> conv{"conv2d_forward"}, product{"matmul_forward"};
    for (const char* layer : {"branches.0.conv1", "branches.0.layer1.0.conv1", "branches.1.layer2.1.conv2",
                              "branches.1.layer3.0.downsample.0"})
        EXPECT_EQ(calls.contains(layer) ? calls.at(layer) : std::multiset<std::string>(), conv) << layer;
    for (const char* layer : {"fusion.0", "fusion.3", "fusion.6", "global_head"})
        EXPECT_EQ(calls.contains(layer) ? calls.at(layer) : std::multiset<std::string>(), product) << layer;
    // Without parameters: the kernel and its shape; the stem has 8 channels here.
    EXPECT_TRUE(calls.contains("max_pool2d 2x16x16x8"));
}

TEST(Profile, NamesTheLayersOfATrainingStepInEveryPass) {
    const Profile profile = run_profile(small("train"), machine);
    std::map<std::string, std::multiset<std::string>> passes;  // by layer: "pass kernel"
    for (const auto& [call, seconds] : profile.calls)
        passes[call.layer].insert(call.pass + " " + call.kernel);
    const std::multiset<std::string> conv{"forward conv2d_forward", "backward conv2d_backward_data",
                                          "backward conv2d_backward_weight", "backward accumulate_gradients"};
    EXPECT_EQ(passes["branches.1.layer2.0.conv2"], conv);
    // The image takes no gradient.
    EXPECT_EQ(passes["branches.0.conv1"].count("backward conv2d_backward_data"), 0u);
    EXPECT_EQ(passes["branches.0.conv1"].count("backward conv2d_backward_weight"), 1u);
    EXPECT_EQ(passes["branches.0.bn1"],
              (std::multiset<std::string>{"forward batch_norm_forward", "backward batch_norm_backward",
                                          "backward accumulate_gradients"}));
    EXPECT_EQ(passes["global_head"].count("backward matmul_forward"), 2u);
    EXPECT_EQ(profile.calls.back().call.kernel, "adam_step");
    EXPECT_EQ(profile.calls.back().call.pass, "update");
    EXPECT_TRUE(profile.calls.back().call.layer.starts_with("adam_step ")) << profile.calls.back().call.layer;
    EXPECT_GT(profile.needed_bytes, 0);
}

TEST(Profile, CountsTheWorkOfALayer) {
    const Profile profile = run_profile(small("infer"), machine);
    for (const ProfileLine& line : profile_lines(profile, ProfileGrouping::layer))
        if (line.layer == "branches.0.conv1") {
            EXPECT_EQ(line.calls, 1);
            EXPECT_EQ(line.work.flops, 2.0 * (2 * 16 * 16 * 8) * (7 * 7 * 3));
            EXPECT_EQ(line.work.bytes, 4.0 * (2 * 32 * 32 * 3 + 8 * 7 * 7 * 3 + 8 + 2 * 16 * 16 * 8));
            EXPECT_EQ(line.floor_seconds, line.work.flops / machine.flops);
            return;
        }
    ADD_FAILURE() << "no line of branches.0.conv1";
}

TEST(Profile, KernelsTakeNoLongerThanTheStep) {
    for (const std::string mode : {"infer", "train"}) {
        const Profile profile = run_profile(small(mode), machine);
        ASSERT_EQ(profile.step_seconds.size(), 3u);
        for (size_t run = 0; run < 3; ++run) {
            double kernels = 0;
            for (const auto& [call, seconds] : profile.calls) kernels += seconds.at(run);
            EXPECT_GT(kernels, 0);
            EXPECT_LE(kernels, profile.step_seconds[run]);
        }
        const ProfileSums sums = profile_sums(profile);
        EXPECT_LE(sums.kernel_seconds, sums.step_seconds);
    }
}

TEST(Profile, GroupingsHoldTheSameCalls) {
    const Profile profile = run_profile(small("infer"), machine);
    for (const auto grouping : {ProfileGrouping::layer, ProfileGrouping::kernel, ProfileGrouping::shape}) {
        const std::vector<ProfileLine> lines = profile_lines(profile, grouping);
        size_t calls = 0;
        double flops = 0;
        for (const ProfileLine& line : lines) {
            calls += size_t(line.calls);
            flops += line.work.flops;
        }
        EXPECT_EQ(calls, profile.calls.size());
        EXPECT_EQ(flops, profile_sums(profile).work.flops);
        EXPECT_TRUE(std::ranges::is_sorted(lines, std::greater(), &ProfileLine::seconds));
    }
}

// Medians of runs, of lines that are added up run by run.
TEST(Profile, TakesTheMedianOfTheRuns) {
    const auto call = [](const char* layer, std::vector<double> seconds) {
        CallDescription description{.layer = layer, .kernel = "conv2d_forward", .pass = "forward"};
        description.work = {.flops = 2e9, .bytes = 1e6};
        return ProfiledCall{description, std::move(seconds)};
    };
    Profile profile;
    profile.calls = {call("a", {1, 5, 2}), call("b", {3, 1, 1}), call("a", {1, 1, 2})};
    profile.step_seconds = {6, 8, 10};
    profile.machine = machine;
    const std::vector<ProfileLine> lines = profile_lines(profile, ProfileGrouping::layer);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].layer, "a");
    EXPECT_EQ(lines[0].calls, 2);
    EXPECT_EQ(lines[0].seconds, 4);  // of 2, 6 and 4
    EXPECT_EQ(lines[0].share, 0.5);
    EXPECT_EQ(lines[0].floor_seconds, 4);
    EXPECT_EQ(lines[1].seconds, 1);
    EXPECT_EQ(profile_sums(profile).kernel_seconds, 5);  // of 5, 7 and 5
    EXPECT_EQ(profile_sums(profile).step_seconds, 8);
}

}  // namespace
}  // namespace unmask
