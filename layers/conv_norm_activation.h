// SPDX-License-Identifier: Apache-2.0
// The block that all backbones are built of: y = activation(batch_norm(conv2d(x)) (+ residual)). As in
// Conv2d, x may have channels of zeros beyond in_channels.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "engine/ops/quantized_conv2d.h"
#include "layers/activation_histogram.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/lockstep.h"

namespace unmask {

struct ConvNormActivationOptions {
    int64_t in_channels = 0, out_channels = 0;
    int kernel = 3, stride = 1;
    int groups = 1;
    Activation activation = Activation::relu;  // none, relu, silu
    std::string conv_name = "0",
                norm_name = "1";  // of its two parts; register the block itself without a name
};

// After prepare_inference() batch norm is folded into frozen copies of the weight and a bias, and the block
// is a single fused convolution wherever no gradient is recorded: in float32 (grouped convolutions keep their
// few weights in that whatever the format), or in bf16 for a bf16 input:
//     weight'[o, …] = scale[o] · weight[o, …], bias'[o] = shift[o], norm(x) = scale · x + shift.
// Weights that are kept in int8 are for float32 inputs: a bf16 one is an Error.
// prepare_inference() is an Error where one of these is no finite number: a fused ReLU may hide it.
// With scales (set_scales, then link_scales) it becomes a quantized convolution instead: x is u8 or i8, or
// float32 or bf16 where it has a scale for that, y is u8 behind a ReLU and i8 without
// (engine/ops/quantized_conv2d.h).
class ConvNormActivation final : public LockstepLayer {
  public:
    explicit ConvNormActivation(const ConvNormActivationOptions& options);
    using LockstepLayer::forward;
    // residual has the result's shape or is undefined.
    [[nodiscard]] Variable forward(const Variable& x, const Variable& residual) {
        return forward_lockstep({this}, {x}, {.residuals = {residual}}).front();
    }
    // The convolutions one after the other, the norms together.
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override;
    // What the norms of several blocks do beside their activation: add a residual before it (one for each
    // block), pool behind it, weight channels behind it (a gate for each block); empty: nothing.
    struct Epilogue {
        std::vector<Variable> residuals{};
        std::optional<Pool2dParams> pool{};
        std::vector<ChannelGate> gates{};
    };
    [[nodiscard]] static std::vector<Variable> forward_lockstep(
        const std::vector<ConvNormActivation*>& blocks, const std::vector<Variable>& x,
        const Epilogue& epilogue);

    // Histograms of what goes in and comes out of each fused convolution in float32 from here on; null when
    // not asked for any more.
    struct Seen {
        bool with_input = false;
        ActivationHistogram input{}, output{};
    };
    void observe(std::shared_ptr<Seen> seen) { seen_ = std::move(seen); }
    // The name of its convolution, by which its scales are known.
    [[nodiscard]] const std::string& conv_name() const { return conv_name_; }
    [[nodiscard]] DType quantized_result() const { return quantized_dtype(norm_.activation()); }

    // Of its result, and of its input where that is floating (else 0). They serve from the next
    // prepare_inference() on.
    void set_scales(float output, float float_input);
    [[nodiscard]] float link_scales(float input) override { return link_scales(input, 0.0f); }
    // residual: the scale of what is added, 0 where nothing is. Error where a scale is missing or the
    // activation has no form in integers.
    [[nodiscard]] float link_scales(float input, float residual);
    // Whether it is to be prepared as a quantized convolution, and whether it was.
    [[nodiscard]] bool has_scales() const { return scales_.input != 0.0f; }
    [[nodiscard]] bool quantized() const { return quantized_.weight.defined(); }

  private:
    friend Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x,
                                   const std::optional<Pool2dParams>& pool);
    friend bool in_one_mode(const std::vector<ConvNormActivation*>& blocks);

  protected:
    void prepare_own(WeightFormat format) override;
    void discard_prepared() override;
    [[nodiscard]] std::vector<NamedTensor> prepared_own() const override;
    void release_own() override;

  private:
    std::string conv_name_;
    Conv2d& conv_;
    BatchNorm& norm_;
    struct Folded {
        CompactWeight weight;  // undefined until prepared
        Tensor bias;
    };
    [[nodiscard]] bool uses_folded() const {
        return folded_.weight.values.defined() && !training() && !grad_enabled();
    }
    // In x's dtype and with its channels.
    [[nodiscard]] const Folded& folded_for(const Variable& x);
    [[nodiscard]] const QuantizedFilters& filters_for(const Tensor& x);
    [[nodiscard]] Tensor forward_quantized(const Tensor& x, const Tensor& residual);
    Folded folded_;
    ConvolutionScales scales_{0.0f, 0.0f, 0.0f};  // 0: none
    float float_input_ = 0.0f;                    // the scale that a floating input is given
    QuantizedFilters quantized_;
    std::shared_ptr<Seen> seen_;
    // Made from these when first asked for.
    std::map<std::pair<DType, int64_t>, Folded> adapted_;
    std::map<int64_t, QuantizedFilters> widened_;
};

// Whether all blocks train or none does: some may be frozen.
[[nodiscard]] bool in_one_mode(const std::vector<ConvNormActivation*>& blocks);

// Blocks of one geometry and in one mode on the same input, as one convolution with all their filters and one
// norm over all their channels: [N, H', W', blocks · O], the blocks' results beside each other in the last
// dimension; or what is pooled from it.
[[nodiscard]] Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x,
                                      const std::optional<Pool2dParams>& pool = {});

}  // namespace unmask
