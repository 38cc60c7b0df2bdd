// SPDX-License-Identifier: Apache-2.0
#include "models/resnet.h"

#include <array>

#include "layers/conv_norm_activation.h"
#include "layers/sequential.h"

namespace unmask {
namespace {

// y = relu(f(x) + shortcut(x)); the shortcut is a 1×1 convolution where size or channels change.
class ResidualBlock : public LockstepLayer {
  public:
    ResidualBlock(int64_t in_channels, int64_t out_channels, int stride) {
        if (stride == 1 && in_channels == out_channels) return;
        shortcut_ = &add_module(
            "", std::make_unique<ConvNormActivation>(ConvNormActivationOptions{.in_channels = in_channels,
                                                                               .out_channels = out_channels,
                                                                               .kernel = 1,
                                                                               .stride = stride,
                                                                               .activation = Activation::none,
                                                                               .conv_name = "downsample.0",
                                                                               .norm_name = "downsample.1"}));
    }

  protected:
    // The block's convolution number `index` (from 1), followed by norm and ReLU.
    ConvNormActivation& add_conv(int index, int64_t in_channels, int64_t out_channels, int kernel,
                                 int stride) {
        return add_module("", std::make_unique<ConvNormActivation>(
                                  ConvNormActivationOptions{.in_channels = in_channels,
                                                            .out_channels = out_channels,
                                                            .kernel = kernel,
                                                            .stride = stride,
                                                            .conv_name = "conv" + std::to_string(index),
                                                            .norm_name = "bn" + std::to_string(index)}));
    }
    static std::vector<Variable> shortcuts(const std::vector<Layer*>& peers, const std::vector<Variable>& x) {
        const auto convs = parts_of<ResidualBlock>(peers, [](ResidualBlock& peer) { return peer.shortcut_; });
        return convs.front() == nullptr ? x : ConvNormActivation::forward_lockstep(convs, x, {});
    }

    // The scale of what is added, from that of the block's input.
    [[nodiscard]] float link_shortcut(float input) {
        return shortcut_ == nullptr ? input : shortcut_->link_scales(input);
    }

  private:
    ConvNormActivation* shortcut_ = nullptr;
};

class BasicBlock final : public ResidualBlock {
  public:
    static constexpr int64_t expansion = 1;
    BasicBlock(int64_t in_channels, int64_t channels, int stride)
        : ResidualBlock(in_channels, channels, stride),
          first_(add_conv(1, in_channels, channels, 3, stride)),
          second_(add_conv(2, channels, channels, 3, 1)) {}
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override {
        const auto first = parts_of<BasicBlock>(peers, [](BasicBlock& peer) { return &peer.first_; });
        const auto second = parts_of<BasicBlock>(peers, [](BasicBlock& peer) { return &peer.second_; });
        const auto y = ConvNormActivation::forward_lockstep(first, x, {});
        return ConvNormActivation::forward_lockstep(second, y, {.residuals = shortcuts(peers, x)});
    }
    [[nodiscard]] float link_scales(float input) override {
        return second_.link_scales(first_.link_scales(input), link_shortcut(input));
    }

  private:
    ConvNormActivation& first_;
    ConvNormActivation& second_;
};

class Bottleneck final : public ResidualBlock {
  public:
    static constexpr int64_t expansion = 4;
    Bottleneck(int64_t in_channels, int64_t channels, int stride)
        : ResidualBlock(in_channels, channels * expansion, stride),
          reduce_(add_conv(1, in_channels, channels, 1, 1)),
          spatial_(add_conv(2, channels, channels, 3, stride)),
          expand_(add_conv(3, channels, channels * expansion, 1, 1)) {}
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override {
        const auto reduce = parts_of<Bottleneck>(peers, [](Bottleneck& peer) { return &peer.reduce_; });
        const auto spatial = parts_of<Bottleneck>(peers, [](Bottleneck& peer) { return &peer.spatial_; });
        const auto expand = parts_of<Bottleneck>(peers, [](Bottleneck& peer) { return &peer.expand_; });
        const auto y = ConvNormActivation::forward_lockstep(reduce, x, {});
        const auto z = ConvNormActivation::forward_lockstep(spatial, y, {});
        return ConvNormActivation::forward_lockstep(expand, z, {.residuals = shortcuts(peers, x)});
    }
    [[nodiscard]] float link_scales(float input) override {
        return expand_.link_scales(spatial_.link_scales(reduce_.link_scales(input)), link_shortcut(input));
    }

  private:
    ConvNormActivation& reduce_;
    ConvNormActivation& spatial_;
    ConvNormActivation& expand_;
};

template <class Block>
class ResNet final : public Backbone {
  public:
    ResNet(const std::array<int, 4>& depths, double width) {
        int64_t channels = scaled_channels(64, width);
        stem_ = &stages_.add("", std::make_unique<Stem>(ConvNormActivationOptions{.in_channels = 3,
                                                                                  .out_channels = channels,
                                                                                  .kernel = 7,
                                                                                  .stride = 2,
                                                                                  .conv_name = "conv1",
                                                                                  .norm_name = "bn1"},
                                                        Pool2dParams{{3, 3}, {2, 2}, {1, 1}}));
        for (size_t stage = 0; stage < depths.size(); ++stage) {
            const int64_t planes = scaled_channels(int64_t{64} << stage, width);
            auto& blocks = stages_.add("layer" + std::to_string(stage + 1), std::make_unique<Sequential>());
            for (int block = 0; block < depths[stage]; ++block) {
                const int stride = block == 0 && stage > 0 ? 2 : 1;
                blocks.add(std::to_string(block), std::make_unique<Block>(channels, planes, stride));
                channels = planes * Block::expansion;
            }
        }
        features_ = channels;
    }

    [[nodiscard]] Stem& stem() override { return *stem_; }
    [[nodiscard]] int64_t features() const override { return features_; }

  private:
    [[nodiscard]] Sequential& stages() override { return stages_; }

    Sequential& stages_ = add_module("", std::make_unique<Sequential>());
    Stem* stem_ = nullptr;
    int64_t features_ = 0;
};

}  // namespace

std::unique_ptr<Backbone> make_resnet18(double width) {
    return std::make_unique<ResNet<BasicBlock>>(std::array{2, 2, 2, 2}, width);
}
std::unique_ptr<Backbone> make_resnet34(double width) {
    return std::make_unique<ResNet<BasicBlock>>(std::array{3, 4, 6, 3}, width);
}
std::unique_ptr<Backbone> make_resnet50(double width) {
    return std::make_unique<ResNet<Bottleneck>>(std::array{3, 4, 6, 3}, width);
}

}  // namespace unmask
