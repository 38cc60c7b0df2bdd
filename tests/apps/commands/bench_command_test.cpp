// SPDX-License-Identifier: Apache-2.0
// unmask bench.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

TEST_F(Program, BenchesInferenceAndTraining) {
    for (const std::string mode : {"infer", "train"}) {
        const Outcome outcome =
            run_program("bench --mode " + mode +
                        " --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 4 "
                        "--runs 2 --warm-up 1 --threads 1 --json -");
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        const auto json = nlohmann::json::parse(outcome.output);
        EXPECT_EQ(json["mode"], mode);
        EXPECT_GT(json["seconds"].get<double>(), 0);
        EXPECT_NEAR(json["images_per_second"].get<double>(), 4 / json["seconds"].get<double>(), 1e-6);
        EXPECT_GT(json["peak_bytes"].get<int64_t>(), 1000);
    }
}

TEST_F(Program, BenchesInferenceInIntegers) {
    const std::string small =
        " --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 4 --runs 2 --json -";
    const Outcome outcome = run_program("bench --precision int8" + small);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(nlohmann::json::parse(outcome.output)["precision"], "int8");
    expect_failure("bench --precision int8 --mode train", {"inference", "train"});
    expect_failure("bench --precision int8 --backbone efficientnet_b0 --size 32",
                   {"efficientnet_b0", "ReLU"});
}

}  // namespace
}  // namespace unmask
