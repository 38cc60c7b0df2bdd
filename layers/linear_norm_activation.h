// SPDX-License-Identifier: Apache-2.0
// A fully connected layer with its batch norm, activation and dropout: x [N, in] -> [N, out].
#pragma once

#include "layers/batch_norm.h"
#include "layers/linear.h"

namespace unmask {

struct LinearNormActivationOptions {
    int64_t in_features = 0, out_features = 0;
    Activation activation = Activation::relu;  // none, relu, silu
    std::string linear_name = "0",
                norm_name = "1";  // of its two parts; register the block itself without a name
};

// After prepare_inference() batch norm is folded into frozen copies of the weight and the bias, and the block
// is one product with its bias and activation wherever no gradient is recorded.
class LinearNormActivation final : public Layer {
  public:
    explicit LinearNormActivation(const LinearNormActivationOptions& options);
    [[nodiscard]] Variable forward(const Variable& x) override;
    [[nodiscard]] BatchNorm& norm() { return norm_; }

  protected:
    void prepare_own(WeightFormat format) override;
    void discard_prepared() override;
    [[nodiscard]] std::vector<NamedTensor> prepared_own() const override;
    void release_own() override;

  private:
    [[nodiscard]] bool fusable() const;  // whether one product does it all

    std::string linear_name_;
    Linear& linear_;
    BatchNorm& norm_;
    CompactWeight folded_weight_;  // undefined until prepared
    Tensor folded_bias_;
};

}  // namespace unmask
