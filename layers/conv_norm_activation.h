// SPDX-License-Identifier: Apache-2.0
// The block that all backbones are built of: y = activation(batch_norm(conv2d(x)) (+ residual)).
#pragma once

#include "layers/batch_norm.h"
#include "layers/conv2d.h"

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
// is a single fused convolution wherever no gradient is recorded:
// in float32, or in bf16 for a bf16 input:
//     weight'[o, …] = scale[o] · weight[o, …], bias'[o] = shift[o], norm(x) = scale · x + shift.
class ConvNormActivation final : public Layer {
  public:
    explicit ConvNormActivation(const ConvNormActivationOptions& options);
    [[nodiscard]] Variable forward(const Variable& x) override { return forward(x, {}); }
    // residual has the result's shape or is undefined.
    [[nodiscard]] Variable forward(const Variable& x, const Variable& residual);

  private:
    friend Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x);

  protected:
    void prepare_own() override;
    void discard_prepared() override;

  private:
    Conv2d& conv_;
    BatchNorm& norm_;
    struct Folded {
        Tensor weight, bias;  // undefined until prepared
    };
    [[nodiscard]] const Folded& folded_as(DType dtype);
    Folded folded_, folded_bf16_;
};

// Blocks of one geometry on the same input, as one convolution with all their filters and one norm over all
// their channels: [N, H', W', blocks · O], the blocks' results beside each other in the last dimension.
[[nodiscard]] Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x);

}  // namespace unmask
