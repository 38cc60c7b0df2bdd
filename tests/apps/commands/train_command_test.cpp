// SPDX-License-Identifier: Apache-2.0
// unmask train: the run it writes, its recipe, being interrupted, manifests that it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

TEST_F(Program, TrainsAndWritesTheRun) {
    EXPECT_EQ(trained_->code, 0) << trained_->errors;
    EXPECT_NE(trained_->output.find("best.safetensors"), std::string::npos);
    for (const char* name : {"best.safetensors", "last.safetensors", "metrics.csv", "run.json"})
        EXPECT_TRUE(std::filesystem::exists(path("run") + "/" + name)) << name;
    EXPECT_EQ(nlohmann::json::parse(bytes_of(path("run") + "/run.json"))["configuration"]["model"]["size"],
              32);
    expect_failure("train --data " + data_ + " --out " + path("run") + tiny_model,
                   {path("run"), "not empty"});
}

TEST_F(Program, AnInterruptedTrainingKeepsItsEpochs) {
    std::string train = "train --data " + data_ + " --out " + path("stopped") + tiny_model;
    train.replace(train.find("--epochs 1"), 10, "--epochs 1000000");
    const Outcome outcome = run_program(train + " --quiet --lr 1e-5",
                                        "timeout --preserve-status --signal TERM --kill-after 60 3");
    EXPECT_EQ(outcome.code, 143) << outcome.errors;
    EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
    EXPECT_NE(outcome.errors.find("is kept up to step"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("unmask train --resume " + path("stopped")), std::string::npos)
        << outcome.errors;
    const auto json = nlohmann::json::parse(bytes_of(path("stopped") + "/run.json"));
    EXPECT_EQ(json["status"], "interrupted");
    EXPECT_EQ(load_detector(path("stopped") + "/last.safetensors").info.training.at("epoch"),
              fmt::format("{}", json["results"]["epochs"].size()));
}

TEST_F(Program, TheCommandLineWinsOverTheRecipe) {
    write_file_atomically(path("a.toml"),
                          "[optimization]\nepochs = 3\nlr = 0.5\n[model]\nbackbone = \"resnet18\"\n");
    const Outcome outcome =
        run_program("train --config " + path("a.toml") + " --lr 0.25 --no-local-information --print-recipe");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("epochs = 3 "), std::string::npos);
    EXPECT_NE(outcome.output.find("lr = 0.25 "), std::string::npos);
    EXPECT_NE(outcome.output.find("local_information = false"), std::string::npos);
    EXPECT_NE(outcome.output.find("global_information = true"), std::string::npos);
    write_file_atomically(path("b.toml"), "[optimization]\nepoch = 3\n");
    expect_failure("train --config " + path("b.toml") + " --print-recipe", {"b.toml:2", "epoch"});
}

TEST_F(Program, AManifestWithMissingFilesNamesThem) {
    write_file_atomically(path("missing.csv"),
                          "path,label,split\ngone-1.png,real,test\ngone-2.png,fake,test\n");
    expect_failure("evaluate --model " + model_ + " --data " + path("missing.csv"),
                   {"gone-1.png", "gone-2.png", "2"});
    expect_failure("train --out " + path("x") + " --data " + path("none.csv"), {"none.csv"});
    write_file_atomically(path("bad.csv"), "path,label\na.png,perhaps\n");
    expect_failure("train --out " + path("x") + " --data " + path("bad.csv"), {"bad.csv", "perhaps"});
    EXPECT_FALSE(std::filesystem::exists(path("x")));
}

}  // namespace
}  // namespace unmask
