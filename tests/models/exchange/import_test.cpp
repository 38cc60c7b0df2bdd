// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/import.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/layout.h"
#include "models/exchange/export_torch.h"
#include "models/exchange/fit.h"
#include "models/exchange/state_dict.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

const DetectorOptions tiny{.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32};
const ImportOptions as_tiny{.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32};

// A detector with unlike weights and statistics everywhere.
std::unique_ptr<Detector> varied(const DetectorOptions& options, uint64_t seed) {
    auto detector = std::make_unique<Detector>(options);
    detector->initialize(seed);
    int count = 0;
    for (const auto& [name, tensor] : detector->buffers()) {
        const bool is_variance = name.ends_with("running_var");
        float* value = tensor.data<float>();
        for (int64_t i = 0; i < tensor.numel(); ++i) {
            const float drawn = float((i * 7 + ++count) % 11) / 10;
            value[i] = is_variance ? 0.5f + drawn : 0.2f * (drawn - 0.5f);
        }
    }
    return detector;
}

Tensor pictures(const DetectorOptions& options) {
    std::vector<float> values(size_t(2 * options.size * options.size * 3));
    for (size_t i = 0; i < values.size(); ++i) values[i] = float((i * 37) % 101) / 50 - 1;
    return Tensor::from<float>({2, options.size, options.size, 3}, values);
}

// What torchvision would save of such a network: the first branch's tensors, convolutions as OIHW, with the
// classifier and the counters that it has besides.
TensorFile classifier(const DetectorOptions& options, uint64_t seed) {
    const auto source = varied(options, seed);
    TensorFile file;
    for (const auto& [name, tensor] : source->state()) {
        if (!name.starts_with("branches.0.")) continue;
        const std::string inner = name.substr(11);
        file.tensors[inner] = to_oihw(tensor);
        if (inner.ends_with("running_var"))
            file.tensors[inner.substr(0, inner.size() - 11) + "num_batches_tracked"] =
                Tensor::zeros({}, DType::i64);
    }
    file.tensors["fc.weight"] = Tensor::zeros({1000, source->features()});
    file.tensors["fc.bias"] = Tensor::zeros({1000});
    return file;
}

class Import : public testing::Test {
  protected:
    std::filesystem::path write(const TensorFile& file) {
        write_torch_file(folder_ / "m.pth", file);
        return folder_ / "m.pth";
    }
    void refuse(const std::filesystem::path& path, const ImportOptions& options,
                std::vector<std::string> texts) {
        texts.push_back(path.filename().string());
        expect_error([&] { static_cast<void>(import_detector(path, options)); }, texts);
    }
    static std::string notices(const ImportedDetector& imported) {
        std::string all;
        for (const std::string& notice : imported.notices) all += notice + "\n";
        return all;
    }
    static void expect_equal(const Detector& found, const Detector& expected) {
        const auto state = found.state();
        for (const auto& [name, tensor] : expected.state())
            EXPECT_TRUE(same_bytes(state.at(name), tensor)) << name;
    }
    TemporaryFolder folder_;
};

TEST_F(Import, EveryBranchTakesAClassifiersWeightsAndStatistics) {
    const auto source = varied(tiny, 1);
    Detector fresh(tiny);
    fresh.initialize(5);
    ImportOptions options = as_tiny;
    options.seed = 5;
    for (const bool torch : {true, false}) {
        const TensorFile file = classifier(tiny, 1);
        const auto path = torch ? write(file) : folder_ / "m.safetensors";
        if (!torch) write_safetensors(path, file);
        const ImportedDetector imported = import_detector(path, options);
        EXPECT_NE(notices(imported).find("left out: fc.bias, fc.weight"), std::string::npos)
            << notices(imported);
        EXPECT_NE(notices(imported).find("drawn anew from seed 5"), std::string::npos) << notices(imported);
        const auto state = imported.loaded.detector->state(), wanted = source->state();
        int compared = 0;
        for (const auto& [name, tensor] : wanted) {
            if (!name.starts_with("branches.0.")) continue;
            for (const std::string branch : {"branches.0.", "branches.1."}) {
                EXPECT_TRUE(same_bytes(state.at(branch + name.substr(11)), tensor)) << branch << name;
                ++compared;
            }
        }
        EXPECT_EQ(compared, 2 * 100);  // 20 convolutions and 20 norms of four tensors
        for (const char* head : {"global_head.weight", "fusion.0.weight", "joint_head.weight"})
            EXPECT_TRUE(same_bytes(state.at(head), fresh.state().at(head))) << head;
    }
}

TEST_F(Import, BackboneAndWidthAreFoundOut) {
    for (const auto& [backbone, width] : {std::pair{"resnet18", 0.125}, std::pair{"mobilenet_v1", 0.25},
                                          std::pair{"efficientnet_b0", 0.25}, std::pair{"resnet50", 0.125}}) {
        const auto path =
            write(classifier({.backbone = backbone, .branches = 1, .width = width, .size = 32}, 1));
        const ImportedDetector imported = import_detector(path, {.branches = 3});
        const DetectorOptions& found = imported.loaded.detector->options();
        EXPECT_EQ(found.backbone, backbone);
        EXPECT_EQ(found.width, width);
        EXPECT_EQ(found.branches, 3);
        EXPECT_EQ(found.size, 224);
    }
    const auto odd = write(classifier({.backbone = "resnet18", .branches = 1, .width = 0.4, .size = 32}, 1));
    refuse(odd, {}, {"do not fit a resnet18"});
    EXPECT_EQ(import_detector(odd, {.width = 0.4}).loaded.detector->options().width, 0.4);
}

TEST_F(Import, AnotherArchitectureIsRefusedWithTheFirstMisfit) {
    DetectorOptions other = tiny;
    other.backbone = "resnet34";  // has all of resnet18's tensors and more
    refuse(write(classifier(other, 1)), as_tiny, {"resnet18", "layer1.2.bn1.bias is unknown"});
    other.backbone = "resnet50";
    refuse(write(classifier(other, 1)), as_tiny,
           {"layer1.0.conv1.weight: expected [8, 8, 3, 3], found [8, 8, 1, 1]"});
    other = tiny;
    other.width = 0.25;
    refuse(write(classifier(other, 1)), as_tiny, {"width 0.125", "bn1.bias: expected [8], found [16]"});
    TensorFile incomplete = classifier(tiny, 1);
    incomplete.tensors.erase("layer2.0.bn1.running_mean");
    refuse(write(incomplete), as_tiny, {"layer2.0.bn1.running_mean is missing"});
    refuse(write(incomplete), {}, {"resnet18", "layer2.0.bn1.running_mean is missing", "no other backbone"});
    TensorFile counted = classifier(tiny, 1);
    counted.tensors["bn1.weight"] = Tensor::zeros({8}, DType::i64);
    refuse(write(counted), as_tiny, {"bn1.weight: expected floating numbers"});
    TensorFile broken = classifier(tiny, 1);
    broken.tensors["conv1.weight"].data<float>()[3] = std::numeric_limits<float>::quiet_NaN();
    refuse(write(broken), as_tiny, {"conv1.weight", "expected finite numbers"});
}

TEST_F(Import, SettingsOutOfRangeAreRefusedBeforeTheFileIsRead) {
    for (const auto& [options, text] : {std::pair{ImportOptions{.backbone = "vgg"}, "vgg"},
                                        std::pair{ImportOptions{.branches = 9}, "1 to 8 branches"},
                                        std::pair{ImportOptions{.width = 1e300}, "at most 16"},
                                        std::pair{ImportOptions{.size = 5}, "found 5"},
                                        std::pair{ImportOptions{.dropout = 1.0}, "dropout"}})
        expect_error([&] { static_cast<void>(import_detector(folder_ / "absent", options)); }, {text});
}

TEST_F(Import, OwnModelsComeBackFromPyTorchFilesAsTheyWere) {
    const auto source = varied(tiny, 3);
    CheckpointInfo info;
    info.preprocessing.mean = {0.1, 0.2, 0.3};
    info.preprocessing.aligned = true;
    info.training = {{"epochs", "7"}};
    EXPECT_TRUE(export_torch(folder_ / "m.pth", *source, info, TorchNames::unmask).empty());
    const ImportedDetector imported = import_detector(folder_ / "m.pth", {});
    EXPECT_EQ(imported.loaded.detector->options(), tiny);
    EXPECT_EQ(imported.loaded.info.preprocessing, info.preprocessing);
    EXPECT_EQ(imported.loaded.info.training, info.training);
    EXPECT_TRUE(imported.notices.empty());
    expect_equal(*imported.loaded.detector, *source);
    // The model file itself, and for another size.
    save_detector(folder_ / "m.safetensors", *source, nullptr, info);
    const ImportedDetector resized = import_detector(folder_ / "m.safetensors", {.size = 64});
    EXPECT_EQ(resized.loaded.detector->options().size, 64);
    expect_equal(*resized.loaded.detector, *source);
    refuse(folder_ / "m.pth", {.branches = 3}, {"3 branches", "found resnet18, 2, 0.125"});
    refuse(folder_ / "m.safetensors", {.backbone = "resnet34"}, {"backbone resnet34"});
}

// The state dict alone, as a program would save it that knows nothing of the metadata.
TEST_F(Import, OwnNamesWithoutMetadata) {
    const auto source = varied(tiny, 3);
    export_torch(folder_ / "all.pth", *source, {}, TorchNames::unmask);
    const StateDict content = read_state_dict(folder_ / "all.pth");
    const ImportedDetector imported = import_detector(write({content.tensors, {}}), {});
    expect_equal(*imported.loaded.detector, *source);
    EXPECT_EQ(imported.loaded.detector->options().size, 224);
    EXPECT_NE(notices(imported).find("224 pixels"), std::string::npos);
    TensorFile less{content.tensors, {}};
    less.tensors.erase("fusion.0.bias");
    refuse(write(less), {}, {"fusion.0.bias is missing"});
    TensorFile gap{content.tensors, {}};
    std::erase_if(gap.tensors, [](const auto& entry) { return entry.first.starts_with("branches.0."); });
    refuse(write(gap), {}, {"without a gap"});
}

TEST_F(Import, ThePapersDetectorTakesRgb) {
    const auto source = varied(tiny, 4);
    CheckpointInfo info;  // as the paper's code has it: BGR, normalised by the statistics of RGB
    std::swap(info.preprocessing.mean[0], info.preprocessing.mean[2]);
    std::swap(info.preprocessing.deviation[0], info.preprocessing.deviation[2]);
    const std::vector<std::string> told =
        export_torch(folder_ / "paper.pth", *source, info, TorchNames::paper);
    EXPECT_NE(told.back().find("--size 32; crop and calibration are lost"), std::string::npos) << told.back();
    const StateDict written = read_state_dict(folder_ / "paper.pth");
    EXPECT_TRUE(written.tensors.contains("region_model2.layer1.0.conv1.weight"));
    EXPECT_TRUE(written.metadata.empty());
    // There and back: the same network. As it stands in the file, it takes BGR.
    const ImportedDetector imported = import_detector(folder_ / "paper.pth", {.size = 32});
    expect_equal(*imported.loaded.detector, *source);
    EXPECT_EQ(imported.loaded.info.preprocessing, info.preprocessing);
    EXPECT_NE(notices(imported).find("BGR"), std::string::npos);
    const ImportedDetector as_it_is =
        import_detector(folder_ / "paper.pth", {.size = 32, .paper_reads_bgr = false});
    EXPECT_EQ(as_it_is.loaded.info.preprocessing, Preprocessing());
    const Tensor x = pictures(tiny);
    std::vector<Variable> channels = split(x, 3, 3);
    std::swap(channels[0], channels[2]);
    const Tensor logits = imported.loaded.detector->infer(x);
    EXPECT_LT(difference(as_it_is.loaded.detector->infer(concat(channels, 3).value()), logits).relative,
              1e-5);
    EXPECT_GT(difference(as_it_is.loaded.detector->infer(x), logits).relative, 1e-3);
    TensorFile more{written.tensors, {}};
    more.tensors["surplus"] = Tensor::zeros({1});
    refuse(write(more), {}, {"surplus"});
    more.tensors.erase("surplus");
    more.tensors.erase("linear.1.bias");
    refuse(write(more), {}, {"global_head.bias is missing"});
}

TEST_F(Import, ThePapersDetectorOfOneBranch) {
    DetectorOptions single = tiny;
    single.branches = 1;
    const auto source = varied(single, 4);
    export_torch(folder_ / "paper.pth", *source, {}, TorchNames::paper);
    const ImportedDetector imported =
        import_detector(folder_ / "paper.pth", {.size = 32, .paper_reads_bgr = false});
    EXPECT_EQ(imported.loaded.detector->options(), single);
    expect_equal(*imported.loaded.detector, *source);
}

}  // namespace
}  // namespace unmask
