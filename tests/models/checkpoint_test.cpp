// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <span>
#include <sstream>

#include "engine/atomic_file.h"
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
    info.calibration = Calibration{.temperature = 1.0 / 3.0,
                                   .thresholds = {0.1, 0.9},
                                   .data = "faces.csv, split val",
                                   .real = 30,
                                   .fake = 70};
    info.training = {{"dataset", "FF++ c23"}, {"note", "two\nlines, \"quoted\""}};
    save_detector(path, *detector, &objective, info, {{"first_moment", Tensor::full({5}, 2.0)}});

    const LoadedDetector loaded = load_detector(path);
    EXPECT_EQ(loaded.detector->options(), detector->options());
    EXPECT_EQ(loaded.info.preprocessing, info.preprocessing);
    EXPECT_EQ(loaded.info.training, info.training);
    EXPECT_EQ(loaded.info.calibration, info.calibration);
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

TEST(Checkpoint, CompactWeightsAreTheNearestAndStay) {
    const TemporaryFolder folder;
    const auto detector = small_detector();
    save_detector(folder / "f32", *detector);
    for (const WeightFormat format : {WeightFormat::bf16, WeightFormat::int8}) {
        CheckpointInfo info;
        info.weights = format;
        save_detector(folder / "small", *detector, nullptr, info);
        const LoadedDetector loaded = load_detector(folder / "small");
        EXPECT_EQ(loaded.info.weights, format);
        size_t rounded = 0;
        for (const auto& [name, tensor] : detector->state()) {
            const Tensor found = loaded.detector->state().at(name);
            const bool filters =
                name.ends_with("weight") && (tensor.rank() == 2 || (tensor.rank() == 4 && tensor.dim(3) > 1));
            const Tensor expected = filters ? expanded(compact_weight(tensor, format)) : tensor;
            EXPECT_EQ(found.to_floats(), expected.to_floats()) << name;
            rounded += filters ? 1 : 0;
        }
        EXPECT_GT(rounded, 20u);
        EXPECT_LT(std::filesystem::file_size(folder / "small"),
                  std::filesystem::file_size(folder / "f32") * (format == WeightFormat::bf16 ? 6 : 4) / 10);
        save_detector(folder / "again", *loaded.detector, nullptr, loaded.info);
        EXPECT_EQ(bytes_of(folder / "again"), bytes_of(folder / "small")) << name_of(format);
    }
}

TEST(Checkpoint, Int8WeightsNeedTheirScales) {
    const TemporaryFolder folder;
    CheckpointInfo info;
    info.weights = WeightFormat::int8;
    save_detector(folder / "m", *small_detector(), nullptr, info);
    const std::string name = "global_head.weight", scale = name + ".scale";
    TensorFile file = read_safetensors(folder / "m");
    const auto refused = [&](const TensorFile& changed, const std::vector<std::string>& texts) {
        write_safetensors(folder / "bad", changed);
        expect_error([&] { (void)load_detector(folder / "bad"); }, texts);
    };
    TensorFile without = file;
    without.tensors.erase(scale);
    refused(without, {"bad", name, "scales"});
    TensorFile shorter = file;
    shorter.tensors[scale] = Tensor::full({1}, 1.0);
    refused(shorter, {"2 scales", "[1]"});
    TensorFile infinite = file;
    infinite.tensors[scale] = Tensor::full({2}, std::numeric_limits<double>::infinity());
    refused(infinite, {name, "finite"});
    TensorFile stray = file;
    stray.tensors["global_head.bias.scale"] = Tensor::full({2}, 1.0);
    refused(stray, {"global_head.bias.scale is unknown"});
    TensorFile unknown = file;
    unknown.metadata["weights"] = "int4";
    refused(unknown, {"int4"});
}

TEST(Checkpoint, ACalibrationIsPutInWithoutChangingTheRest) {
    const TemporaryFolder folder;
    const auto detector = small_detector();
    save_detector(folder / "m", *detector, nullptr, {.training = {{"epoch", "3"}}},
                  {{"first_moment", Tensor::full({5}, 2.0)}});
    EXPECT_FALSE(load_detector(folder / "m").info.calibration);
    const Calibration calibration{.temperature = 2.5, .thresholds = {0.4, 0.4}};
    save_calibration(folder / "m", folder / "m", calibration);
    const LoadedDetector loaded = load_detector(folder / "m");
    EXPECT_EQ(loaded.info.calibration, calibration);
    EXPECT_EQ(loaded.info.training.at("epoch"), "3");
    EXPECT_EQ(loaded.extra.at("first_moment").to_floats(), std::vector<float>(5, 2.0f));
    save_calibration(folder / "m", folder / "more", calibration, {{"maps", Tensor::full({2}, 3.0)}});
    const LoadedDetector more = load_detector(folder / "more");
    EXPECT_EQ(more.extra.at("maps").to_floats(), std::vector<float>(2, 3.0f));
    EXPECT_TRUE(more.extra.contains("first_moment"));
    for (const auto& [name, tensor] : detector->state())
        EXPECT_EQ(loaded.detector->state().at(name).to_floats(), tensor.to_floats()) << name;
    for (const Calibration& wrong :
         {Calibration{.temperature = 0}, Calibration{.temperature = std::numeric_limits<double>::quiet_NaN()},
          Calibration{.thresholds = {0.6, 0.4}}, Calibration{.thresholds = {-0.1, 0.4}}})
        expect_error([&] { save_calibration(folder / "m", folder / "n", wrong); }, {"expected"});
    EXPECT_FALSE(std::filesystem::exists(folder / "n"));
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

TEST(Checkpoint, ADetectorInMemoryAnswersAsItsFile) {
    const TemporaryFolder folder;
    save_detector(folder / "m", *small_detector());
    const LoadedDetector file = load_detector(folder / "m");
    const std::string bytes = bytes_of(folder / "m");
    const LoadedDetector memory = load_detector(std::as_bytes(std::span(bytes)), "memory", nullptr);
    EXPECT_EQ(memory.info.preprocessing, file.info.preprocessing);
    EXPECT_EQ(memory.detector->options(), file.detector->options());
    Tensor x = Tensor::empty({2, 48, 48, 3});
    fill_normal(x, 1.0, 1, "x");
    for (const LoadedDetector* loaded : {&file, &memory}) loaded->detector->prepare_inference();
    EXPECT_EQ(memory.detector->infer(x).to_floats(), file.detector->infer(x).to_floats());
    expect_error([&] { (void)load_detector(std::as_bytes(std::span(bytes).first(999)), "memory", nullptr); },
                 {"memory: "});
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
