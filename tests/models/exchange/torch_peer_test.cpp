// SPDX-License-Identifier: Apache-2.0
// Files of PyTorch's are read, and PyTorch reads the files written here, with equal logits.
#include "models/exchange/export_torch.h"
#include "models/exchange/import.h"
#include "models/exchange/state_dict.h"
#include "tests/models/exchange/peers.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr int size = 64;

class TorchPeer : public testing::Test {
  protected:
    void SetUp() override {
        static const bool available = [] {
            const TemporaryFolder folder;
            return runs(python_line("torch_peer.py", "probe"), folder / "log");
        }();
        if (!available)
            GTEST_SKIP() << "no PyTorch and torchvision for " << UNMASK_PYTHON << " (python3-torchvision)";
        write_nchw(folder_ / "in", pictures_);
    }
    void python(const std::string& arguments) {
        ASSERT_TRUE(runs("cd " + folder_.path().string() + " && " + python_line("torch_peer.py", arguments),
                         folder_ / "log"))
            << arguments << "\n"
            << bytes_of(folder_ / "log");
    }
    // What PyTorch computes with what is exported here.
    void expect_same_logits(const Detector& detector, const CheckpointInfo& info, TorchNames names,
                            const Tensor& theirs) {
        write_nchw(folder_ / "in", theirs);
        export_torch(folder_ / "out.pth", detector, info, names);
        python(fmt::format("logits {} {} {} out.pth in out", names == TorchNames::paper ? "paper" : "unmask",
                           detector.options().backbone, detector.options().branches));
    }
    // PyTorch's in float64, and in float32 by the rule of tests/parity/README.md: within ten times of what
    // PyTorch's own float32 loses, since one network keeps six digits, another three.
    void expect_logits(Detector& detector) {
        const std::vector<double> theirs = read_numbers<double>(folder_ / "out");
        const std::vector<double> rounded = read_numbers<double>(folder_ / "out.f32");
        ASSERT_EQ(rounded.size(), theirs.size());
        double lost = 0;
        for (size_t i = 0; i < theirs.size(); ++i) lost = std::max(lost, std::abs(rounded[i] - theirs[i]));
        expect_near(detector.infer(pictures_).to_doubles(), theirs, 10 * lost + 1e-5);
        detector.to(DType::f64);
        expect_near(detector.infer(pictures_.to(DType::f64)).to_doubles(), theirs, 1e-9);
        detector.to(DType::f32);
    }
    Tensor pictures_ = peer_pictures(size);
    TemporaryFolder folder_;
};

class Classifiers : public TorchPeer,
                    public testing::WithParamInterface<std::tuple<const char*, int, const char*>> {};

// torchvision's weights in every branch, and back: the logits of the detector are PyTorch's.
TEST_P(Classifiers, BeginDetectorsWithPyTorchsLogits) {
    const auto& [backbone, branches, form] = GetParam();
    python(fmt::format("classifier {} in.pth {}", backbone, form));
    ImportedDetector imported =
        import_detector(folder_ / "in.pth", {.branches = branches, .size = size, .seed = 3});
    Detector& detector = *imported.loaded.detector;
    EXPECT_EQ(detector.options().backbone, backbone);
    EXPECT_EQ(detector.options().width, 1.0);
    expect_same_logits(detector, imported.loaded.info, TorchNames::unmask, pictures_);
    if (HasFatalFailure()) return;
    expect_logits(detector);
    // What was written are the weights that were read.
    const StateDict given = read_state_dict(folder_ / "in.pth"), made = read_state_dict(folder_ / "out.pth");
    int compared = 0;
    for (const auto& [name, tensor] : given.tensors) {
        const auto found = made.tensors.find("branches.0." + name);
        if (found == made.tensors.end()) continue;
        EXPECT_EQ(found->second.to_floats(), tensor.to(DType::f32).to_floats()) << name;
        ++compared;
    }
    EXPECT_GT(compared, 90);
}

INSTANTIATE_TEST_SUITE_P(
    All, Classifiers,
    testing::Values(std::tuple{"resnet18", 2, "zip"}, std::tuple{"resnet18", 1, "legacy"},
                    std::tuple{"resnet18", 1, "wrapped"}, std::tuple{"resnet18", 1, "parameters"},
                    std::tuple{"resnet34", 1, "half"}, std::tuple{"resnet50", 1, "zip"},
                    std::tuple{"efficientnet_b0", 2, "zip"}, std::tuple{"mobilenet_v1", 2, "legacy"}),
    [](const auto& info) { return std::string(std::get<0>(info.param)) + "_" + std::get<2>(info.param); });

class Papers : public TorchPeer, public testing::WithParamInterface<std::tuple<const char*, int>> {};

// The paper's detector: the same logits here, on RGB where it takes BGR, and again in PyTorch after an
// export.
TEST_P(Papers, DetectorsKeepTheirLogits) {
    const auto& [backbone, branches] = GetParam();
    std::vector<Variable> channels = split(pictures_, 3, 3);
    std::swap(channels[0], channels[2]);
    const Tensor bgr = concat(channels, 3).value();
    write_nchw(folder_ / "in", bgr);
    python(fmt::format("paper {} {} in.pth in out", backbone, branches));
    const std::vector<double> expected = read_numbers<double>(folder_ / "out");
    ImportedDetector imported = import_detector(folder_ / "in.pth", {.size = size});
    Detector& detector = *imported.loaded.detector;
    EXPECT_EQ(detector.options().branches, branches);
    EXPECT_EQ(detector.options().backbone, backbone);
    expect_logits(detector);
    expect_same_logits(detector, imported.loaded.info, TorchNames::paper, bgr);
    if (HasFatalFailure()) return;
    EXPECT_EQ(read_numbers<double>(folder_ / "out"), expected);
}

INSTANTIATE_TEST_SUITE_P(All, Papers,
                         testing::Values(std::tuple{"resnet34", 2}, std::tuple{"mobilenet_v1", 3},
                                         std::tuple{"mobilenet_v1", 1}),
                         [](const auto& info) {
                             return fmt::format("{}_{}", std::get<0>(info.param), std::get<1>(info.param));
                         });

// torchvision's other networks are none of the backbones; the message says what does not fit.
TEST_F(TorchPeer, OtherNetworksAreRefused) {
    for (const auto& [network, nearest] :
         {std::pair{"efficientnet_b1", "efficientnet_b0"}, std::pair{"resnet101", "resnet50"},
          std::pair{"mobilenet_v2", "efficientnet_b0"}}) {
        python(fmt::format("classifier {} in.pth", network));
        if (HasFatalFailure()) return;
        expect_error([&] { static_cast<void>(import_detector(folder_ / "in.pth", {})); },
                     {"in.pth", fmt::format("do not fit a {}", nearest), "no other backbone"});
    }
}

TEST_F(TorchPeer, TensorsOfEveryKind) {
    python("odd in.pth");
    const StateDict found = read_state_dict(folder_ / "in.pth");
    using Values = std::vector<double>;
    const auto values = [&](const char* name) { return found.tensors.at(name).to_doubles(); };
    EXPECT_EQ(found.tensors.at("turned").shape(), (Shape{6, 4}));
    EXPECT_EQ(values("turned")[1], 6);
    EXPECT_EQ(values("part"), (Values{3, 5, 7}));
    EXPECT_EQ(values("double").size(), 24u);
    EXPECT_EQ(values("half"), (Values{0, 1, 2, 3}));
    EXPECT_EQ(values("brain"), (Values{0, 1, 2, 3}));
    EXPECT_EQ(values("long"), (Values{-1, double(int64_t{1} << 40)}));
    EXPECT_EQ(values("short"), (Values{-2, 300}));
    EXPECT_EQ(values("tiny"), (Values{-3, 4}));
    EXPECT_EQ(values("byte"), (Values{0, 255}));
    EXPECT_EQ(values("truth"), (Values{1, 0}));
    EXPECT_EQ(values("scalar"), (Values{5}));
    EXPECT_EQ(found.tensors.at("empty").shape(), (Shape{2, 0}));
}

}  // namespace
}  // namespace unmask
