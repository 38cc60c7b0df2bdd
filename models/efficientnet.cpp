// SPDX-License-Identifier: Apache-2.0
#include "models/efficientnet.h"

#include <algorithm>

#include "engine/ops/elementwise.h"
#include "layers/conv_norm_activation.h"
#include "layers/sequential.h"
#include "layers/squeeze_excitation.h"

namespace unmask {
namespace {

struct StagePlan {
    int expansion, kernel, stride;
    int64_t out_channels;
    int blocks;
};

constexpr int64_t stem_channels = 32;
constexpr StagePlan plan[] = {{1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
                              {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};
constexpr int64_t head_factor = 4;  // channels of the last 1×1 convolution over those of the last stage

ConvNormActivationOptions silu_conv(int64_t in_channels, int64_t out_channels, int kernel, int stride) {
    return {.in_channels = in_channels,
            .out_channels = out_channels,
            .kernel = kernel,
            .stride = stride,
            .activation = Activation::silu};
}

// Mobile inverted bottleneck: 1×1 expansion, depthwise convolution, squeeze-and-excitation, 1×1 projection
// without an activation; x is added where the shapes allow it.
class InvertedBottleneck final : public LockstepLayer {
  public:
    InvertedBottleneck(const StagePlan& stage, int64_t in_channels, int64_t out_channels, int stride)
        : adds_input_(stride == 1 && in_channels == out_channels) {
        const int64_t expanded = in_channels * stage.expansion;
        if (stage.expansion != 1)
            expansion_ =
                &add_part(std::make_unique<ConvNormActivation>(silu_conv(in_channels, expanded, 1, 1)));
        ConvNormActivationOptions depthwise = silu_conv(expanded, expanded, stage.kernel, stride);
        depthwise.groups = static_cast<int>(expanded);
        depthwise_ = &add_part(std::make_unique<ConvNormActivation>(depthwise));
        excitation_ =
            &add_part(std::make_unique<SqueezeExcitation>(expanded, std::max<int64_t>(1, in_channels / 4)));
        ConvNormActivationOptions projection = silu_conv(expanded, out_channels, 1, 1);
        projection.activation = Activation::none;
        projection_ = &add_part(std::make_unique<ConvNormActivation>(projection));
    }

    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override {
        using Block = InvertedBottleneck;
        std::vector<Variable> y = x;
        if (expansion_ != nullptr)
            y = ConvNormActivation::forward_lockstep(
                parts_of<Block>(peers, [](Block& peer) { return peer.expansion_; }), y, {});
        std::vector<ChannelGate> gates;
        for (Layer* peer : peers) gates.push_back(static_cast<Block*>(peer)->excitation_->gate());
        y = ConvNormActivation::forward_lockstep(
            parts_of<Block>(peers, [](Block& peer) { return peer.depthwise_; }), y, {.gates = gates});
        return ConvNormActivation::forward_lockstep(
            parts_of<Block>(peers, [](Block& peer) { return peer.projection_; }), y,
            {.residuals = adds_input_ ? x : std::vector<Variable>()});
    }

  private:
    template <class L>
    L& add_part(std::unique_ptr<L> part) {
        return add_module("block." + std::to_string(parts_++), std::move(part));
    }

    bool adds_input_;
    int parts_ = 0;
    ConvNormActivation *expansion_ = nullptr, *depthwise_ = nullptr, *projection_ = nullptr;
    SqueezeExcitation* excitation_ = nullptr;
};

class EfficientNetB0 final : public Backbone {
  public:
    explicit EfficientNetB0(double width) {
        int64_t channels = scaled_channels(stem_channels, width);
        stem_ = &add(std::make_unique<Stem>(silu_conv(3, channels, 3, 2)));
        for (const StagePlan& stage : plan) {
            const int64_t out_channels = scaled_channels(stage.out_channels, width);
            auto blocks = std::make_unique<Sequential>();
            for (int i = 0; i < stage.blocks; ++i) {
                const int stride = i == 0 ? stage.stride : 1;
                blocks->add(std::to_string(i),
                            std::make_unique<InvertedBottleneck>(stage, channels, out_channels, stride));
                channels = out_channels;
            }
            add(std::move(blocks));
        }
        features_ = head_factor * channels;
        add(std::make_unique<ConvNormActivation>(silu_conv(channels, features_, 1, 1)));
    }

    [[nodiscard]] Stem& stem() override { return *stem_; }
    [[nodiscard]] int64_t features() const override { return features_; }

  private:
    template <class L>
    L& add(std::unique_ptr<L> stage) {
        return stages_.add(std::to_string(stages_.size()), std::move(stage));
    }

    [[nodiscard]] Sequential& stages() override { return stages_; }

    Sequential& stages_ = add_module("features", std::make_unique<Sequential>());
    Stem* stem_ = nullptr;
    int64_t features_ = 0;
};

}  // namespace

std::unique_ptr<Backbone> make_efficientnet_b0(double width) {
    return std::make_unique<EfficientNetB0>(width);
}

}  // namespace unmask
