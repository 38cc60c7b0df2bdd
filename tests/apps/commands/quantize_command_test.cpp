// SPDX-License-Identifier: Apache-2.0
// unmask quantize, as its users meet it.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

class QuantizeCommand : public Program {};

TEST_F(QuantizeCommand, MakesAModelThatTheOtherCommandsTake) {
    const std::string made = path("int8.safetensors");
    const Outcome outcome = run_program("quantize " + model_ + " --calibration " + data_ + " --out " + made);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("scales found on 8 pictures"), std::string::npos) << outcome.output;
    EXPECT_LT(std::filesystem::file_size(made), std::filesystem::file_size(model_) / 2);
    ASSERT_TRUE(load_detector(made).info.quantization);
    EXPECT_EQ(load_detector(made).info.calibration.has_value(),
              load_detector(model_).info.calibration.has_value());
    const auto scores = [&](const std::string& model) {
        const Outcome detected = run_program("detect " + path("test-0.png") + " " + path("test-1.png") +
                                             " --faces whole --json - --model " + model);
        EXPECT_EQ(detected.code, 0) << detected.errors;
        std::vector<double> result;
        for (const auto& file : nlohmann::json::parse(detected.output))
            result.push_back(file["score"].get<double>());
        return result;
    };
    const std::vector<double> exact = scores(model_), quantized = scores(made);
    for (size_t i = 0; i < exact.size(); ++i) {
        EXPECT_NEAR(quantized[i], exact[i], 0.1);
        EXPECT_NE(quantized[i], exact[i]);
    }
    const Outcome measured = run_program("evaluate --bootstrap 0 --model " + made + " --data " + data_);
    EXPECT_EQ(measured.code, 0) << measured.errors;

    // The picture's scores stay as they are when the file goes through convert, and are of float32 where it
    // is asked.
    EXPECT_EQ(run_program("convert " + made + " " + path("same.safetensors")).code, 0);
    EXPECT_EQ(scores(path("same.safetensors")), quantized);
    const Outcome back = run_program("convert " + made + " " + path("f32.safetensors") + " --weights f32");
    EXPECT_NE(back.errors.find("float32"), std::string::npos) << back.errors;
    EXPECT_FALSE(load_detector(path("f32.safetensors")).info.quantization);

    expect_failure("quantize " + made + " --calibration " + data_ + " --out " + path("again.safetensors"),
                   {"int8.safetensors", "quantized"});
    expect_failure("quantize " + model_ + " --calibration " + data_ + " --out " + made, {"--overwrite"});
    expect_failure("detect " + path("test-0.png") + " --faces whole --precision int8 --model " + model_,
                   {"--precision int8", "bench"});
}

TEST_F(QuantizeCommand, TakesAFolderOfPictures) {
    const std::string made = path("folder.safetensors");
    const Outcome outcome = run_program("quantize " + model_ + " --calibration " + folder_->path().string() +
                                        " --out " + made + " --pictures 5 --range mse");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("on 5 pictures"), std::string::npos) << outcome.output;
    EXPECT_EQ(load_detector(made).info.quantization->range, "mse");
    std::filesystem::create_directory(path("empty"));
    expect_failure(
        "quantize " + model_ + " --calibration " + path("empty") + " --out " + path("x.safetensors"),
        {"empty", "pictures"});
    EXPECT_FALSE(std::filesystem::exists(path("x.safetensors")));
}

}  // namespace
}  // namespace unmask
