// SPDX-License-Identifier: Apache-2.0
// The block that all backbones are built of: y = activation(batch_norm(conv2d(x)) (+ residual)). As in
// Conv2d, x may have channels of zeros beyond in_channels.
#pragma once

#include <map>
#include <utility>

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
// is a single fused convolution wherever no gradient is recorded:
// in float32, or in bf16 for a bf16 input:
//     weight'[o, …] = scale[o] · weight[o, …], bias'[o] = shift[o], norm(x) = scale · x + shift.
class ConvNormActivation final : public LockstepLayer {
  public:
    explicit ConvNormActivation(const ConvNormActivationOptions& options);
    using LockstepLayer::forward;
    // residual has the result's shape or is undefined.
    [[nodiscard]] Variable forward(const Variable& x, const Variable& residual) {
        return forward_lockstep({this}, {x}, {residual}).front();
    }
    // The convolutions one after the other, the norms together.
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override;
    // The same with a residual for each block, or none.
    [[nodiscard]] static std::vector<Variable> forward_lockstep(
        const std::vector<ConvNormActivation*>& blocks, const std::vector<Variable>& x,
        const std::vector<Variable>& residuals);

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
    [[nodiscard]] bool uses_folded() const {
        return folded_.weight.defined() && !training() && !grad_enabled();
    }
    // In x's dtype and with its channels.
    [[nodiscard]] const Folded& folded_for(const Variable& x);
    Folded folded_;
    std::map<std::pair<DType, int64_t>, Folded> adapted_;  // made from it when first asked for
};

// Blocks of one geometry on the same input, as one convolution with all their filters and one norm over all
// their channels: [N, H', W', blocks · O], the blocks' results beside each other in the last dimension.
[[nodiscard]] Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x);

}  // namespace unmask
