// SPDX-License-Identifier: Apache-2.0
// unmask calibrate, as its users meet it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/explanation/genuine_maps.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

class CalibrateCommand : public Program {};

TEST_F(CalibrateCommand, CalibratesAModelAndUsesIt) {
    const std::string fitted = path("fitted.safetensors");
    const Outcome outcome =
        run_program("calibrate --model " + model_ + " --data " + data_ + " --split test --out " + fitted);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    // Of few videos: whichever it is, the program says how it came to it.
    EXPECT_NE(outcome.output.find("temperature "), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("on held-out videos"), std::string::npos) << outcome.output;
    const auto calibration = load_detector(fitted).info.calibration;
    ASSERT_TRUE(calibration);
    EXPECT_NE(calibration->data.find("split test"), std::string::npos);
    save_calibration(fitted, fitted, {.temperature = 1000, .thresholds = {0.1, 0.9}});
    const Outcome soft =
        run_program("detect " + path("test-1.png") + " --faces whole --json - --model " + fitted);
    const auto json = nlohmann::json::parse(soft.output);
    EXPECT_NEAR(json[0]["score"].get<double>(), 0.5, 0.02);
    EXPECT_EQ(json[0]["verdict"], "undecided");
    const Outcome measured =
        run_program("evaluate --aggregations --bootstrap 0 --model " + fitted + " --data " + data_);
    for (const char* text : {"temperature of 1000.000", "log_odds_mean", "median", "ECE"})
        EXPECT_NE(measured.output.find(text), std::string::npos) << measured.output;
    const Outcome ways =
        run_program("evaluate --aggregations --bootstrap 0 --json - --model " + fitted + " --data " + data_);
    const auto aggregations = nlohmann::json::parse(ways.output)["results"][0]["aggregations"];
    EXPECT_GT(aggregations.size(), 3u);
    for (const auto& way : aggregations) EXPECT_TRUE(way["auc"].is_number() && way["ece"].is_number()) << way;
    expect_failure("evaluate --aggregations --csv - --model " + fitted + " --data " + data_,
                   {"--aggregations", "--json"});
    const Outcome figures =
        run_program("evaluate --bootstrap 0 --json - --model " + fitted + " --data " + data_);
    const auto answer = nlohmann::json::parse(figures.output)["results"][0]["calibration"];
    EXPECT_EQ(answer["temperature"], 1000);
    EXPECT_TRUE(answer["ece"].is_number() && answer["calibrated_ece"].is_number());
    write_file_atomically(path("real.csv"), "path,label,split\ntest-0.png,real,val\n");
    expect_failure("calibrate --model " + model_ + " --data " + path("real.csv"),
                   {"real.csv", "1 real alone", "--forge self-blend"});
    Manifest real = read_manifest(data_);
    std::erase_if(real.rows, [](const ManifestRow& row) { return row.label == 1; });
    write_manifest(path("reals.csv"), real);
    const Outcome forged = run_program("calibrate --forge self-blend --quiet --model " + model_ + " --data " +
                                       path("reals.csv") + " --out " + path("forged.safetensors"));
    EXPECT_EQ(forged.code, 0) << forged.errors;
}

TEST_F(CalibrateCommand, RowsWithoutSplitsAreFittedOnOnlyWhenAllAreAskedFor) {
    write_file_atomically(path("plain.csv"), "path,label\ntest-0.png,real\ntest-1.png,fake\n");
    const std::string command = "calibrate --model " + model_ + " --out " + path("plain.safetensors") +
                                " --data " + path("plain.csv");
    expect_failure(command, {"plain.csv", "has no splits", "--split all"});
    expect_failure(command + " --split test", {"plain.csv", "has no splits", "--split all"});
    const Outcome all = run_program(command + " --split all");
    EXPECT_EQ(all.code, 0) << all.errors;
}

TEST_F(CalibrateCommand, KeepsTheGenuineMapsOfAModelAndMeasuresMissingOnes) {
    const GenuineMaps before = genuine_maps_of(load_detector(model_));
    ASSERT_EQ(before.branches.size(), 2u);
    const auto maps_after = [&](const std::string& model, const std::string& split) {
        const std::string output = path("with-maps.safetensors");
        const Outcome outcome = run_program("calibrate --model " + model + " --data " + data_ + " --split " +
                                            split + " --out " + output);
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        const bool are_new = outcome.errors.find("are new in it") != std::string::npos;
        return std::pair(genuine_maps_of(load_detector(output)), are_new);
    };
    const auto equal = [&](const GenuineMaps& maps) {
        return maps.branches.size() == 2 && same_bytes(maps.branches[0], before.branches[0]) &&
               same_bytes(maps.branches[1], before.branches[1]);
    };
    const auto [kept, kept_are_new] = maps_after(model_, "test");
    EXPECT_TRUE(equal(kept));
    EXPECT_FALSE(kept_are_new);
    // One from elsewhere has none: measured on the rows that training took, they are the same again.
    const LoadedDetector trained = load_detector(model_);
    save_detector(path("bare.safetensors"), *trained.detector, nullptr, trained.info);
    const auto [measured, measured_are_new] = maps_after(path("bare.safetensors"), "val");
    ASSERT_EQ(measured.branches.size(), 2u);
    for (size_t i = 0; i < 2; ++i)
        EXPECT_LT(difference(measured.branches[i], before.branches[i]).relative, 1e-5);
    EXPECT_TRUE(measured_are_new);
}

}  // namespace
}  // namespace unmask
