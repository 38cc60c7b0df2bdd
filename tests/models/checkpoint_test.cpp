// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <gtest/gtest.h>

#include <limits>
#include <span>

#include "engine/safetensors.h"
#include "layers/initialization.h"
#include "tests/models/small_detector.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

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
