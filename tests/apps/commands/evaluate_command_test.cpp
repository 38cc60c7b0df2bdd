// SPDX-License-Identifier: Apache-2.0
// unmask evaluate and verify: their figures, and models that cannot be read.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/atomic_file.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

TEST_F(Program, EvaluatesForPeopleAndPrograms) {
    const std::string arguments = "evaluate --model " + model_ + " --data " + data_;
    const Outcome table = run_program(arguments);
    EXPECT_EQ(table.code, 0) << table.errors;
    EXPECT_NE(table.output.find("AUC"), std::string::npos);
    const Outcome answer = run_program(arguments + " --split val --json -");
    const auto json = nlohmann::json::parse(answer.output)["results"][0];
    EXPECT_EQ(json["protocol"]["split"], "val");
    EXPECT_EQ(json["frame"]["real"], 4);
    EXPECT_EQ(json["video"]["fake"], 2);
    for (const char* metric : {"accuracy", "auc", "eer", "average_precision", "log_loss"})
        EXPECT_TRUE(json["frame"][metric].is_number()) << metric;
    // One class alone: no number.
    write_file_atomically(path("real.csv"), "path,label\ntest-0.png,real\ntest-2.png,real\n");
    const auto single = nlohmann::json::parse(
        run_program("evaluate --model " + model_ + " --data " + path("real.csv") + " --json - --quiet")
            .output)["results"][0];
    EXPECT_EQ(single["protocol"]["split"], "all");
    EXPECT_TRUE(single["frame"]["auc"].is_null());
    EXPECT_TRUE(single["frame"]["eer"].is_null());
    // Two manifests in one table, in three forms.
    const Outcome two = run_program(arguments + " --data " + data_ + " --bootstrap 50 --markdown " +
                                    path("t.md") + " --csv " + path("t.csv") + " --quiet");
    EXPECT_EQ(two.code, 0) << two.errors;
    EXPECT_NE(two.output.find("50 resamples"), std::string::npos) << two.output;
    EXPECT_NE(bytes_of(path("t.md")).find("| video |"), std::string::npos);
    EXPECT_EQ(std::ranges::count(bytes_of(path("t.csv")), '\n'), 5);
    expect_failure(arguments + " --json - --csv -", {"only one of"});
    expect_failure(arguments + " --threshold nan", {"--threshold", "nan"});
    expect_failure(arguments + " --split dev", {"--split", "dev", "train", "val", "test", "all"});
    write_file_atomically(path("dev.csv"), "path,label,split\ntest-0.png,real,val\ntest-1.png,fake,val\n");
    expect_failure("evaluate --model " + model_ + " --data " + path("dev.csv"),
                   {"no rows in split test", "val 2"});
    // A disk that is full.
    for (const std::string& command : {arguments + " --quiet", std::string("train --help")})
        EXPECT_EQ(run_program(command + " >/dev/full; exit; true").code, 2);
}

TEST_F(Program, VerifyTellsWhatDiffersAndWhatCannotBeRead) {
    ASSERT_EQ(trained_->code, 0) << trained_->errors;
    const Outcome equal = run_program("verify --quiet " + path("run"));
    EXPECT_EQ(equal.code, 0) << equal.output << equal.errors;
    EXPECT_NE(equal.output.find("equal: the model gives the figures"), std::string::npos) << equal.output;

    std::filesystem::copy(path("run"), path("changed"), std::filesystem::copy_options::recursive);
    auto json = nlohmann::ordered_json::parse(bytes_of(path("changed") + "/run.json"));
    auto& loss = json["results"]["epochs"][0]["validation"]["frame"]["log_loss"];
    loss = loss.get<double>() + 1;
    write_file_atomically(path("changed") + "/run.json", json.dump(2));
    const Outcome different = run_program("verify --quiet " + path("changed"));
    EXPECT_EQ(different.code, 1) << different.output << different.errors;
    EXPECT_NE(different.output.find("differs: frame log loss: recorded "), std::string::npos)
        << different.output;
    EXPECT_EQ(different.errors, "");

    expect_failure("verify " + path("nothing"), {"nothing/run.json", "no run to verify"});
    expect_failure("verify " + path("run") + " --data /nowhere/faces.csv", {"/nowhere/faces.csv", "--data"});
}

TEST_F(Program, AModelCutInHalfIsRefused) {
    const std::string bytes = bytes_of(model_);
    write_file_atomically(path("half.safetensors"), bytes.substr(0, bytes.size() / 2));
    expect_failure("detect " + path("test-0.png") + " --model " + path("half.safetensors"),
                   {"half.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + path("half.safetensors"), {"half.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + path("none.safetensors"), {"none.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + data_, {"faces.csv"});
}

}  // namespace
}  // namespace unmask
