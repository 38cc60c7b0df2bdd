// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/onnx_export.h"

#include <nlohmann/json.hpp>

#include "engine/ops/elementwise.h"
#include "engine/ops/softmax.h"
#include "tests/models/exchange/peers.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

#if UNMASK_HAS_ONNX

constexpr int size = 64;

std::unique_ptr<Detector> varied(const DetectorOptions& options) {
    auto detector = std::make_unique<Detector>(options);
    detector->initialize(11);
    // Running statistics of such pictures, so that they make a difference.
    const NoGrad nothing_recorded;
    for (const auto& [name, tensor] : detector->buffers()) Tensor(tensor).fill_zero();
    for (int i = 0; i < 30; ++i) static_cast<void>(detector->forward(peer_pictures(options.size)));
    // Logits of the size that trained networks have: up to 2.
    double largest = 0;
    for (const double logit : detector->infer(peer_pictures(options.size)).to_doubles())
        largest = std::max(largest, std::abs(logit));
    for (const char* name : {"global_head.weight", "global_head.bias"}) {
        const Tensor tensor = detector->state().at(name);
        for (int64_t i = 0; i < tensor.numel(); ++i)
            tensor.data<float>()[i] *= static_cast<float>(2 / largest);
    }
    return detector;
}

class OnnxExport : public testing::Test, public testing::WithParamInterface<DetectorOptions> {
  protected:
    TemporaryFolder folder_;
};

const auto detectors = testing::Values(
    DetectorOptions{.backbone = "resnet18", .branches = 2, .width = 0.25, .size = size},
    DetectorOptions{.backbone = "resnet50", .branches = 1, .width = 0.25, .size = size},
    DetectorOptions{.backbone = "mobilenet_v1", .branches = 3, .width = 0.25, .size = size},
    DetectorOptions{.backbone = "efficientnet_b0", .branches = 2, .width = 0.25, .size = size});
std::string case_name(const testing::TestParamInfo<DetectorOptions>& info) {
    return info.param.backbone;
}

TEST_P(OnnxExport, PassesTheCheckerAndSaysWhatItIs) {
    const auto detector = varied(GetParam());
    CheckpointInfo info;
    info.preprocessing.mean = {0.125, 0.25, 0.5};
    export_onnx(folder_ / "m.onnx", *detector, info);
    if (!runs(std::string(UNMASK_PYTHON) + " -c 'import onnx'", folder_ / "log"))
        GTEST_SKIP() << "no onnx for " << UNMASK_PYTHON << " (python3-onnx)";
    ASSERT_TRUE(runs(python_line("onnx_peer.py", (folder_ / "m.onnx").string()), folder_ / "log"))
        << bytes_of(folder_ / "log");
    const auto found = nlohmann::json::parse(bytes_of(folder_ / "log"));
    EXPECT_EQ(found["inputs"].dump(), R"({"input":["batch",3,64,64]})");
    EXPECT_EQ(found["outputs"].dump(), R"({"logits":["batch",2],"probabilities":["batch",2]})");
    EXPECT_EQ(found["opset"].dump(), "[17]");
    const auto& metadata = found["metadata"];
    EXPECT_EQ(metadata["mean"], "0.125 0.25 0.5");
    EXPECT_EQ(metadata["deviation"], "0.229 0.224 0.225");
    EXPECT_EQ(metadata["size"], "64");
    EXPECT_EQ(metadata["backbone"], GetParam().backbone);
    EXPECT_EQ(metadata["classes"], "real fake");
    // The parameters that inference needs, by their names, and no other.
    std::set<std::string> expected;
    for (const auto& [name, tensor] : detector->state())
        if (!name.starts_with("joint_head") && !name.starts_with("leave_one_out")) expected.insert(name);
    if (GetParam().backbone == "efficientnet_b0") expected.insert("spatial_axes");
    EXPECT_EQ(found["parameters"].get<std::set<std::string>>(), expected);
}

TEST_P(OnnxExport, GivesTheSameLogitsInOnnxRuntime) {
    const char* modules = std::getenv("UNMASK_ONNXRUNTIME_NODE");
    if (modules == nullptr)
        GTEST_SKIP()
            << "UNMASK_ONNXRUNTIME_NODE names no folder in which `npm install onnxruntime-node` was run";
    ASSERT_TRUE(runs("node --version", folder_ / "log"))
        << "UNMASK_ONNXRUNTIME_NODE is set, but there is no node";
    const auto detector = varied(GetParam());
    detector->prepare_inference();  // the export must not be led astray by folded weights
    CheckpointInfo info;
    info.calibration = Calibration{.temperature = 2.5, .data = "a.csv", .real = 1, .fake = 1};
    export_onnx(folder_ / "m.onnx", *detector, info);
    const Tensor pictures = peer_pictures(size);
    write_nchw(folder_ / "in", pictures);
    ASSERT_TRUE(runs(fmt::format("node {}/onnx_run.mjs {} {} {} {} {}", UNMASK_EXCHANGE_TESTS, modules,
                                 (folder_ / "m.onnx").string(), size, (folder_ / "in").string(),
                                 (folder_ / "out").string()),
                     folder_ / "log"))
        << bytes_of(folder_ / "log");
    const Tensor logits = detector->infer(pictures);
    std::vector<double> expected = logits.to_doubles();
    const std::vector<double> probabilities = softmax(affine(logits, 1 / 2.5)).value().to_doubles();
    expected.insert(expected.end(), probabilities.begin(), probabilities.end());
    expect_near(read_numbers<float>(folder_ / "out"), expected, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxExport, detectors, case_name);

TEST(OnnxExportFile, TheSameDetectorGivesTheSameBytes) {
    const TemporaryFolder folder;
    const auto detector = varied({.backbone = "mobilenet_v1", .branches = 2, .width = 0.125, .size = 32});
    export_onnx(folder / "a.onnx", *detector, {});
    export_onnx(folder / "b.onnx", *detector, {});
    EXPECT_EQ(bytes_of(folder / "a.onnx"), bytes_of(folder / "b.onnx"));
    EXPECT_GT(std::filesystem::file_size(folder / "a.onnx"), 1000u);
}

#else

TEST(OnnxExportFile, IsRefusedByABuildWithoutOnnx) {
    const TemporaryFolder folder;
    Detector detector({.backbone = "mobilenet_v1", .branches = 1, .width = 0.125, .size = 32});
    expect_error([] { require_onnx(); }, {"libonnx-dev"});
    expect_error([&] { export_onnx(folder / "a.onnx", detector, {}); }, {"libonnx-dev"});
    EXPECT_FALSE(std::filesystem::exists(folder / "a.onnx"));
}

#endif

}  // namespace
}  // namespace unmask
