// SPDX-License-Identifier: Apache-2.0
// unmask convert, from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "models/exchange/export_torch.h"
#include "models/exchange/fit.h"
#include "models/exchange/state_dict.h"
#include "tests/apps/run_program.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

class Convert : public testing::Test {
  protected:
    Convert() {
        detector_.initialize(3);
        CheckpointInfo info;
        info.training = {{"epochs", "2"}};
        save_detector(folder_ / "m.safetensors", detector_, nullptr, info,
                      {{"adam.step", Tensor::zeros({1})}});
    }
    Outcome convert(const std::string& in, const std::string& out, const std::string& more = "") {
        return run_program("convert " + (folder_ / in).string() + " " + (folder_ / out).string() + " " +
                           more);
    }
    void refuse(const Outcome& outcome, const std::vector<std::string>& texts) {
        EXPECT_EQ(outcome.code, 2) << outcome.errors;
        EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
        for (const std::string& text : texts)
            EXPECT_NE(outcome.errors.find(text), std::string::npos) << outcome.errors;
    }
    TemporaryFolder folder_;
    Detector detector_{{.backbone = "mobilenet_v1", .branches = 2, .width = 0.25, .size = 32}};
};

TEST_F(Convert, ThereAndBackIsTheSameModel) {
    const Outcome there = convert("m.safetensors", "m.pth");
    ASSERT_EQ(there.code, 0) << there.errors;
    EXPECT_NE(there.output.find("mobilenet_v1, 2 branches, width 0.25, 32 pixels"), std::string::npos)
        << there.output;
    EXPECT_NE(there.errors.find("the state of its training is left out: it serves as --init"),
              std::string::npos)
        << there.errors;
    ASSERT_EQ(convert("m.pth", "back.safetensors").code, 0);
    const LoadedDetector back = load_detector(folder_ / "back.safetensors");
    EXPECT_EQ(back.detector->options(), detector_.options());
    EXPECT_EQ(back.info.training, (std::map<std::string, std::string>{{"epochs", "2"}}));
    EXPECT_TRUE(back.extra.empty());
    const auto state = back.detector->state();
    for (const auto& [name, tensor] : detector_.state())
        EXPECT_TRUE(same_bytes(state.at(name), tensor)) << name;
}

// What training adds for those who ask the model; what serves training alone goes.
TEST_F(Convert, CalibrationAndGenuineMapsStay) {
    const std::map<std::string, Tensor> maps{{"genuine_maps.0", Tensor::full({1, 1, 256}, 0.25)},
                                             {"genuine_maps.1", Tensor::full({1, 1, 256}, 0.5)}};
    const Calibration calibration{
        .temperature = 1.75, .thresholds = {0.25, 0.75}, .data = "a.csv, split val", .real = 30, .fake = 20};
    save_detector(folder_ / "trained.safetensors", detector_, nullptr, {.calibration = calibration}, maps);
    for (const char* weights : {"f32", "bf16", "int8"}) {
        const Outcome made = convert("trained.safetensors", "kept.safetensors",
                                     std::string("--overwrite --weights ") + weights);
        ASSERT_EQ(made.code, 0) << made.errors;
        EXPECT_EQ(made.errors.find("left out"), std::string::npos) << made.errors;
        const LoadedDetector kept = load_detector(folder_ / "kept.safetensors");
        EXPECT_EQ(kept.info.calibration, calibration);
        ASSERT_EQ(kept.extra.size(), 2u);
        for (const auto& [name, map] : maps) EXPECT_TRUE(same_bytes(kept.extra.at(name), map)) << name;
    }
    // Of another size of input there are other maps.
    const Outcome larger = convert("trained.safetensors", "large.safetensors", "--size 64");
    ASSERT_EQ(larger.code, 0) << larger.errors;
    EXPECT_NE(larger.errors.find("inputs of 32 pixels"), std::string::npos) << larger.errors;
    EXPECT_TRUE(load_detector(folder_ / "large.safetensors").extra.empty());
    // PyTorch's files have the calibration, and no place for maps.
    const Outcome torch = convert("trained.safetensors", "trained.pth");
    ASSERT_EQ(torch.code, 0) << torch.errors;
    EXPECT_NE(torch.errors.find("averages of genuine faces"), std::string::npos) << torch.errors;
    ASSERT_EQ(convert("trained.pth", "back.safetensors").code, 0);
    EXPECT_EQ(load_detector(folder_ / "back.safetensors").info.calibration, calibration);
}

TEST_F(Convert, ThePapersNames) {
    ASSERT_EQ(convert("m.safetensors", "paper.pth", "--names paper").code, 0);
    EXPECT_TRUE(read_state_dict(folder_ / "paper.pth").tensors.contains("region_model1.model.0.0.weight"));
    const Outcome back = convert("paper.pth", "back.safetensors", "--rgb --size 64");
    ASSERT_EQ(back.code, 0) << back.errors;
    EXPECT_NE(back.errors.find("a detector of the paper's code"), std::string::npos) << back.errors;
    EXPECT_NE(back.errors.find("left out: branches.0.fc.bias"), std::string::npos) << back.errors;
    EXPECT_EQ(load_detector(folder_ / "back.safetensors").detector->options().size, 64);
}

TEST_F(Convert, SmallerWeights) {
    const auto bytes = [&](const char* name) { return std::filesystem::file_size(folder_ / name); };
    ASSERT_EQ(convert("m.safetensors", "whole.safetensors").code, 0);
    ASSERT_EQ(convert("m.safetensors", "half.safetensors", "--weights bf16").code, 0);
    ASSERT_EQ(convert("m.safetensors", "small.safetensors", "--weights int8").code, 0);
    EXPECT_LT(bytes("half.safetensors"), bytes("whole.safetensors") * 6 / 10);
    EXPECT_LT(bytes("small.safetensors"), bytes("whole.safetensors") * 4 / 10);
    ASSERT_EQ(convert("small.safetensors", "small.pth").code, 0);
    EXPECT_EQ(read_state_dict(folder_ / "small.pth").tensors.at("fusion.0.weight").dtype(), DType::f32);
    refuse(convert("m.safetensors", "o.safetensors", "--weights int4"), {"int8", "int4"});
    refuse(convert("m.safetensors", "o.pth", "--weights int8"), {"--weights"});
}

TEST_F(Convert, AClassifierBeginsADetectorThatTrains) {
    TensorFile classifier;
    for (const auto& [name, tensor] : detector_.state())
        if (name.starts_with("branches.0.")) classifier.tensors[name.substr(11)] = to_oihw(tensor);
    classifier.tensors["fc.weight"] = Tensor::zeros({3, 3});
    write_torch_file(folder_ / "c.pth", classifier);
    const Outcome made = convert("c.pth", "c.safetensors", "--branches 3 --size 32 --seed 9");
    ASSERT_EQ(made.code, 0) << made.errors;
    for (const char* text :
         {"a classifier, mobilenet_v1 of width 0.25", "left out: fc.weight", "drawn anew from seed 9"})
        EXPECT_NE(made.errors.find(text), std::string::npos) << made.errors;
    EXPECT_EQ(load_detector(folder_ / "c.safetensors").detector->options().branches, 3);
}

TEST_F(Convert, Refusals) {
    refuse(convert("absent.pth", "o.safetensors"), {"absent.pth", "no such file"});
    refuse(convert("m.safetensors", "o.txt"), {"o.txt", ".safetensors, .pth, .pt or .onnx"});
    refuse(convert("m.safetensors", "m.safetensors"), {"it exists already"});
    refuse(convert("m.safetensors", "o.safetensors", "--names paper"), {"--names"});
    refuse(convert("m.safetensors", "o.pth", "--branches 4"), {"4 branches", "found mobilenet_v1, 2"});
    refuse(convert("m.safetensors", "o.pth", "--size 5"), {"size", "found 5"});
    refuse(convert("m.safetensors", "no/such/folder/o.pth"), {"o.pth", "cannot be written"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "o.pth"));
    EXPECT_EQ(convert("m.safetensors", "m.safetensors", "--overwrite").code, 0);
}

TEST_F(Convert, Onnx) {
    const Outcome made = convert("m.safetensors", "m.onnx");
#if UNMASK_HAS_ONNX
    ASSERT_EQ(made.code, 0) << made.errors;
    EXPECT_GT(std::filesystem::file_size(folder_ / "m.onnx"), 10'000u);
    EXPECT_EQ(made.errors.find("--init"), std::string::npos) << made.errors;
    refuse(convert("m.onnx", "o.safetensors"), {"m.onnx", "found an ONNX file"});
    refuse(run_program("detect a.png --model " + (folder_ / "m.onnx").string()),
           {"m.onnx", "found an ONNX file"});
    refuse(run_program("convert --quiet " + (folder_ / "m.safetensors").string() + " " +
                           (folder_ / "n.onnx").string(),
                       "ulimit -f 8;"),
           {"n.onnx: writing failed: File too large"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "n.onnx"));
#else
    refuse(made, {"libonnx-dev"});
#endif
}

}  // namespace
}  // namespace unmask
