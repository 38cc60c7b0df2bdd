// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "engine/safetensors.h"
#include "layers/initialization.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

std::unique_ptr<Detector> small_detector() {
    auto detector = std::make_unique<Detector>(DetectorOptions{
        .backbone = "mobilenet_v1", .branches = 2, .width = 0.125, .size = 48, .dropout = 0.3});
    detector->initialize(4);
    return detector;
}

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream content;
    content << stream.rdbuf();
    return content.str();
}

TEST(Checkpoint, MakesTheRoundTrip) {
    const TemporaryFolder folder;
    const auto path = folder / "model.safetensors";
    const auto detector = small_detector();
    Objective objective({});
    objective.load_state({{"sigma", Tensor::from({3}, std::vector<float>{0.5f, 1.5f, 2.5f})}});
    CheckpointInfo info;
    info.preprocessing = {.mean = {0.1, 0.2, 0.3},
                          .deviation = {1.0, 2.0, 1.0 / 3.0},
                          .face_margin = 1.7,
                          .crop_size = 99,
                          .aligned = true};
    info.training = {{"dataset", "FF++ c23"}, {"note", "two\nlines, \"quoted\""}};
    save_detector(path, *detector, &objective, info, {{"first_moment", Tensor::full({5}, 2.0)}});

    const LoadedDetector loaded = load_detector(path);
    EXPECT_EQ(loaded.detector->options(), detector->options());
    EXPECT_EQ(loaded.info.preprocessing, info.preprocessing);
    EXPECT_EQ(loaded.info.training, info.training);
    EXPECT_EQ(loaded.extra.at("first_moment").to_floats(), std::vector<float>(5, 2.0f));
    Objective other({});
    other.load_state(loaded.objective);
    EXPECT_EQ(other.state().at("sigma").to_floats(), (std::vector<float>{0.5f, 1.5f, 2.5f}));
    for (const auto& [name, tensor] : detector->state())
        EXPECT_EQ(loaded.detector->state().at(name).to_floats(), tensor.to_floats()) << name;

    Tensor x = Tensor::empty({2, 48, 48, 3});
    fill_normal(x, 1.0, 1, "x");
    EXPECT_EQ(loaded.detector->infer(x).to_floats(), detector->infer(x).to_floats());

    const auto again = folder / "again.safetensors";
    save_detector(again, *loaded.detector, &other, loaded.info, loaded.extra);
    EXPECT_EQ(bytes_of(path), bytes_of(again));
}

TEST(Checkpoint, ALoadedDetectorTrains) {
    const TemporaryFolder folder;
    save_detector(folder / "m", *small_detector());
    const LoadedDetector loaded = load_detector(folder / "m");
    EXPECT_TRUE(loaded.objective.empty());
    Tensor x = Tensor::empty({2, 48, 48, 3});
    fill_normal(x, 1.0, 1, "x");
    const Objective objective({});
    const Targets targets{Tensor::from({2}, std::vector<int64_t>{0, 1}), {}, 1.0};
    objective.total(objective.terms(loaded.detector->forward(x), targets)).backward();
    for (const auto& [name, variable] : loaded.detector->parameters())
        EXPECT_TRUE(variable.gradient().defined()) << name;
}

// Every error is one line that names the file.
class BrokenCheckpoint : public testing::Test {
  protected:
    BrokenCheckpoint() : path_(folder_ / "broken.safetensors") {
        save_detector(path_, *small_detector());
        file_ = read_safetensors(path_);
    }
    void expect_refusal(std::vector<std::string> texts) {
        write_safetensors(path_, file_);
        texts.push_back("broken.safetensors: ");
        expect_error([&] { (void)load_detector(path_); }, texts);
    }

    TemporaryFolder folder_;
    std::filesystem::path path_;
    TensorFile file_;
};

TEST_F(BrokenCheckpoint, OfAnotherFormat) {
    file_.metadata["format"] = "pt";
    expect_refusal({"'unmask detector'", "'pt'"});
    file_.metadata.clear();
    expect_refusal({"'unmask detector'", "none"});
}

TEST_F(BrokenCheckpoint, OfAnotherVersionOrLayout) {
    file_.metadata["format_version"] = "2";
    expect_refusal({"version 1", "found 2"});
    file_.metadata["format_version"] = "1";
    file_.metadata["layout"] = "OIHW";
    expect_refusal({"OHWI", "'OIHW'"});
}

TEST_F(BrokenCheckpoint, WithMetadataMissing) {
    const auto whole = file_.metadata;
    for (const char* key : {"format_version", "layout", "backbone", "branches", "width", "size", "dropout",
                            "mean", "deviation", "face_margin", "crop_size"}) {
        file_.metadata = whole;
        file_.metadata.erase(key);
        expect_refusal({"metadata '" + std::string(key) + "'", "none"});
    }
}

TEST_F(BrokenCheckpoint, WithMetadataOutOfRange) {
    const std::vector<std::array<std::string, 3>> cases{
        {"backbone", "vgg16", "efficientnet_b0"},
        {"branches", "9", "1 to 8"},
        {"branches", "two", "expected a number"},
        {"branches", "2 ", "expected a number"},
        {"branches", "99999999999999", "number"},
        {"width", "1e300", "width"},
        {"width", "nan", "width"},
        {"size", "2000000000", "size of 32"},
        {"dropout", "1", "dropout"},
        {"mean", "0 0", "three numbers"},
        {"mean", "0 0 0 0", "expected a number"},
        {"mean", "0 inf 0", "finite"},
        {"deviation", "1 0 1", "positive"},
        {"face_margin", "-1", "face margin"},
        {"crop_size", "0", "crop size"},
    };
    const auto whole = file_.metadata;
    for (const auto& [key, value, text] : cases) {
        SCOPED_TRACE(key + "=" + value);
        file_.metadata = whole;
        file_.metadata[key] = value;
        expect_refusal({text});
    }
}

TEST_F(BrokenCheckpoint, WithTensorsThatDoNotFit) {
    file_.tensors.erase("joint_head.bias");
    file_.tensors["global_head.bias"] = Tensor::zeros({3});
    file_.tensors["surplus"] = Tensor::zeros({3});
    expect_refusal(
        {"joint_head.bias is missing", "global_head.bias should be [2], is [3]", "surplus is unknown"});
}

TEST_F(BrokenCheckpoint, WithValuesThatAreNoNumbers) {
    const std::string weight = "branches.1.model.0.0.weight", variance = "branches.0.model.0.1.running_var";
    Tensor broken = file_.tensors.at(weight).clone();
    broken.data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
    std::swap(file_.tensors.at(weight), broken);
    expect_refusal({weight, "expected finite numbers", "nan at place 5"});
    std::swap(file_.tensors.at(weight), broken);
    file_.tensors.at(variance) = Tensor::full(file_.tensors.at(variance).shape(), -1.0);
    expect_refusal({variance, "at least 0", "-1"});
}

TEST_F(BrokenCheckpoint, ThatPromisesFarMoreThanItHolds) {
    file_.metadata["backbone"] = "resnet50";
    file_.metadata["width"] = "16";
    file_.metadata["branches"] = "8";
    const size_t before = context_of(cpu_device)->memory().peak_bytes;
    expect_refusal({"is missing", "more"});
    EXPECT_LT(context_of(cpu_device)->memory().peak_bytes, before + (size_t{64} << 20));
}

TEST_F(BrokenCheckpoint, CutOffOrMissing) {
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
    expect_error([&] { (void)load_detector(path_); }, {"broken.safetensors"});
    std::filesystem::resize_file(path_, 0);
    expect_error([&] { (void)load_detector(path_); }, {"broken.safetensors"});
    expect_error([&] { (void)load_detector(folder_ / "absent"); }, {"absent"});
}

TEST(Checkpoint, RefusesToWriteNonsense) {
    const TemporaryFolder folder;
    CheckpointInfo info;
    info.preprocessing.deviation[1] = 0.0;
    expect_error([&] { save_detector(folder / "m", *small_detector(), nullptr, info); },
                 {"positive deviations"});
    EXPECT_FALSE(std::filesystem::exists(folder / "m"));
}

}  // namespace
}  // namespace unmask
