// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/verify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "engine/atomic_file.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// One small run for all tests of this file; each changes a copy.
class Verify : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        set_thread_count(1);
        shared_ = new TemporaryFolder;
        TrainOptions options;
        options.data = write_tiny_faces(shared_->path(), 32, 12, 4);
        options.output = *shared_ / "run";
        options.threads = 1;
        options.model = {.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32, .dropout = 0.2};
        options.epochs = 2;
        options.batch = 8;
        train_detector(options);
    }
    static void TearDownTestSuite() { delete shared_; }

    Verify() { std::filesystem::copy(*shared_ / "run", run_, std::filesystem::copy_options::recursive); }

    nlohmann::ordered_json record() const {
        return nlohmann::ordered_json::parse(bytes_of(run_ / "run.json"));
    }
    void write(const nlohmann::ordered_json& json) const {
        write_file_atomically(run_ / "run.json", json.dump(2));
    }
    // The best epoch's figures.
    static nlohmann::ordered_json& best_of(nlohmann::ordered_json& json) {
        auto& results = json["results"];
        return results["epochs"][results["best_epoch"].get<size_t>() - 1]["validation"];
    }
    Verification verified(std::filesystem::path data = {}) const {
        return verify_run({.run = run_, .data = std::move(data), .compute = {}});
    }

    static inline TemporaryFolder* shared_ = nullptr;
    TemporaryFolder folder_;
    std::filesystem::path run_ = folder_ / "run";
};

TEST_F(Verify, AnUntouchedRunIsEqualToTheLastBit) {
    const Verification result = verified();
    EXPECT_EQ(result.circumstances, "");
    EXPECT_EQ(result.tolerance, 0);
    EXPECT_TRUE(result.differences.empty()) << verification_text(result);
    EXPECT_EQ(result.figures.size(), 10u);
    EXPECT_NE(verification_text(result).find("to the last bit"), std::string::npos);
}

TEST_F(Verify, AFigureThatDiffersInItsLastBitIsNamed) {
    auto json = record();
    auto& loss = best_of(json)["video"]["log_loss"];
    loss = std::nextafter(loss.get<double>(), 1e9);
    write(json);
    const Verification result = verified();
    ASSERT_EQ(result.differences.size(), 1u);
    EXPECT_EQ(result.differences[0].rfind("video log loss: recorded ", 0), 0u) << result.differences[0];
}

TEST_F(Verify, OnAnotherBuildSmallDifferencesAreAllowed) {
    auto json = record();
    json["build"]["compiler"] = "another";
    auto& loss = best_of(json)["frame"]["log_loss"];
    loss = loss.get<double>() + 0.001;
    write(json);
    const Verification result = verified();
    EXPECT_EQ(result.tolerance, 0.002);
    EXPECT_NE(result.circumstances.find("compiler was another"), std::string::npos);
    EXPECT_TRUE(result.differences.empty()) << verification_text(result);
    loss = loss.get<double>() + 0.002;
    write(json);
    EXPECT_EQ(verified().differences.size(), 1u);
}

TEST_F(Verify, OtherDataAreNamed) {
    const TemporaryFolder other;
    const std::filesystem::path data = write_tiny_faces(other.path(), 32, 12, 8);
    const Verification result = verified(data);
    ASSERT_GE(result.differences.size(), 1u);
    EXPECT_NE(result.differences[0].find("other data than the run's: recorded the hash contents:"),
              std::string::npos)
        << result.differences[0];
    expect_error([&] { static_cast<void>(verified("/nowhere/faces.csv")); },
                 {"/nowhere/faces.csv", "--data"});
}

// One byte of one training picture; its size, its row and the validation are what they were.
TEST_F(Verify, AChangedPictureIsOtherData) {
    const std::filesystem::path picture = *shared_ / "train-3.png";
    const std::string before = bytes_of(picture);
    std::string after = before;
    after.back() = char(after.back() ^ 1);
    write_file_atomically(picture, after);
    const Verification result = verified();
    write_file_atomically(picture, before);
    ASSERT_EQ(result.differences.size(), 1u) << verification_text(result);
    EXPECT_NE(result.differences[0].find("other data than the run's"), std::string::npos);
    std::filesystem::rename(picture, *shared_ / "aside");
    expect_error([&] { static_cast<void>(verified()); }, {"train-3.png", "do not exist"});
    std::filesystem::rename(*shared_ / "aside", picture);
}

TEST_F(Verify, DataThatCannotBeComparedAreNotCalledOther) {
    auto json = record();
    json["data"]["hash"] = "0123456789abcdef";
    write(json);
    const Verification result = verified();
    EXPECT_TRUE(result.differences.empty()) << verification_text(result);
    EXPECT_NE(
        verification_text(result).find("note: the data were not compared with the run's, which recorded "
                                       "the hash 0123456789abcdef (names and sizes, as older versions"),
        std::string::npos)
        << verification_text(result);
    json["data"]["hash"] = "names:0123456789abcdef";
    write(json);
    ASSERT_EQ(verified().differences.size(), 1u);
    EXPECT_NE(verified().differences[0].find("names:0123456789abcdef (names and sizes), found names:"),
              std::string::npos)
        << verified().differences[0];
}

TEST_F(Verify, AnotherModelIsNamed) {
    std::filesystem::copy_file(*shared_ / "run" / "last.safetensors", run_ / "best.safetensors",
                               std::filesystem::copy_options::overwrite_existing);
    auto json = record();
    json["results"]["best_epoch"] = 1;
    write(json);
    const Verification result = verified();
    ASSERT_GE(result.differences.size(), 1u);
    EXPECT_EQ(result.differences[0], "best.safetensors: recorded epoch 1, found epoch 2");
}

TEST_F(Verify, WhatCannotBeComparedIsAnError) {
    auto json = record();
    best_of(json) = nullptr;
    write(json);
    expect_error([&] { static_cast<void>(verified()); }, {"run.json", "no validation figures"});
    json["results"]["best_epoch"] = nullptr;
    write(json);
    expect_error([&] { static_cast<void>(verified()); }, {"run.json", "no best epoch"});
    write_file_atomically(run_ / "run.json", "{");
    const std::string start = (run_ / "run.json").string() + ": is not the record of a run: ";
    expect_error([&] { static_cast<void>(verified()); }, {start + "the text is no JSON from byte 2 on"});
    json["configuration"]["optimization"].erase("seed");
    write(json);
    expect_error([&] { static_cast<void>(verified()); },
                 {start + "a part is missing or of another kind: key 'seed'"});
    std::filesystem::remove(run_ / "run.json");
    expect_error([&] { static_cast<void>(verified()); }, {"run.json", "no run to verify"});
}

}  // namespace
}  // namespace unmask
