// SPDX-License-Identifier: Apache-2.0
#include "models/mobilenet.h"

#include "layers/conv_norm_activation.h"
#include "layers/sequential.h"

namespace unmask {
namespace {

struct BlockPlan {
    int64_t out_channels;
    int stride;
};

constexpr int64_t mobilenet_stem_channels = 32;
constexpr BlockPlan mobilenet_plan[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                                        {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};

class MobileNetV1 final : public Backbone {
  public:
    explicit MobileNetV1(double width) {
        int64_t channels = scaled_channels(mobilenet_stem_channels, width);
        stem_ = &stages_.add("0", std::make_unique<Stem>(ConvNormActivationOptions{
                                      .in_channels = 3, .out_channels = channels, .stride = 2}));
        for (const BlockPlan& block : mobilenet_plan) {
            const int64_t out_channels = scaled_channels(block.out_channels, width);
            auto& separable = stages_.add(std::to_string(stages_.size()), std::make_unique<Sequential>());
            separable.add("", std::make_unique<ConvNormActivation>(
                                  ConvNormActivationOptions{.in_channels = channels,
                                                            .out_channels = channels,
                                                            .stride = block.stride,
                                                            .groups = static_cast<int>(channels)}));
            // Between the two lies a ReLU, which torch.nn.Sequential counts.
            separable.add("", std::make_unique<ConvNormActivation>(
                                  ConvNormActivationOptions{.in_channels = channels,
                                                            .out_channels = out_channels,
                                                            .kernel = 1,
                                                            .conv_name = "3",
                                                            .norm_name = "4"}));
            channels = out_channels;
        }
        features_ = channels;
    }

    [[nodiscard]] Stem& stem() override { return *stem_; }
    [[nodiscard]] int64_t features() const override { return features_; }

  private:
    [[nodiscard]] Sequential& stages() override { return stages_; }

    Sequential& stages_ = add_module("model", std::make_unique<Sequential>());
    Stem* stem_ = nullptr;
    int64_t features_ = 0;
};

}  // namespace

std::unique_ptr<Backbone> make_mobilenet_v1(double width) {
    return std::make_unique<MobileNetV1>(width);
}

}  // namespace unmask
