// SPDX-License-Identifier: Apache-2.0
// Model files that are refused.
#include <gtest/gtest.h>

#include <limits>
#include <span>

#include "engine/atomic_file.h"
#include "engine/safetensors.h"
#include "models/checkpoint.h"
#include "tests/models/small_detector.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

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
    expect_refusal({"'unmask detector'", "none", "unmask convert"});
}

TEST_F(BrokenCheckpoint, OfAnotherProgramIsNamedWithTheCommandThatConvertsIt) {
    const std::string onnx("\x08\x08\x12\x06unmask:", 11), zip("PK\3\4 and so on"),
        pickle("\x80\2\x8a\nl\xfc\x9c\x46\xf9 j", 11);
    const std::string command =
        "unmask convert '" + path_.string() + "' '" + (folder_ / "converted.safetensors").string() + "'";
    for (const auto& [bytes, texts] :
         {std::pair{zip, std::vector<std::string>{"found a zip file as of PyTorch", command}},
          {pickle, {"found a pickle as of PyTorch", command}},
          {onnx, {"found an ONNX file", "that it was made from"}}}) {
        write_file_atomically(path_, bytes);
        auto named = texts;
        named.push_back("broken.safetensors: expected a model file of unmask");
        expect_error([&] { (void)load_detector(path_); }, named);
        expect_error(
            [&, all = &bytes] {
                (void)load_detector(std::as_bytes(std::span(*all)), path_.string(), nullptr);
            },
            named);
        expect_error([&] { save_calibration(path_, folder_ / "out", {}); }, named);
    }
    // One that is too short to tell, and text.
    for (const char* bytes : {"PK\3\4", "\x08\x08\x12", "this is text"}) {
        write_file_atomically(path_, std::string(bytes));
        expect_error([&] { (void)load_detector(path_); }, {"safetensors file"});
    }
}

TEST_F(BrokenCheckpoint, WithACalibrationThatIsNone) {
    save_calibration(path_, path_, {});
    file_ = read_safetensors(path_);
    file_.metadata["temperature"] = "-1";
    expect_refusal({"positive temperature", "-1"});
    file_.metadata["temperature"] = "nan";
    expect_refusal({"positive temperature", "nan"});
    file_.metadata["temperature"] = "1";
    file_.metadata["fake_from"] = "1.5";
    expect_refusal({"thresholds", "1.5"});
    file_.metadata.erase("fake_from");
    expect_refusal({"'fake_from'"});
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

}  // namespace
}  // namespace unmask
