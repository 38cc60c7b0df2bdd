// SPDX-License-Identifier: Apache-2.0
// Fully connected layer: x [N, in] -> x · weightᵀ + bias, [N, out].
#pragma once

#include "engine/ops/matmul.h"
#include "layers/module.h"

namespace unmask {

// Parameters: weight [out, in], bias [out]; fresh ones uniform in ±1 / sqrt(in). in may be 0.
class Linear final : public Layer {
  public:
    // Error when a count is negative.
    Linear(int64_t in_features, int64_t out_features);
    [[nodiscard]] Variable forward(const Variable& x) override { return linear(x, weight_, bias_); }

    [[nodiscard]] const Variable& weight() const { return weight_; }
    [[nodiscard]] const Variable& bias() const { return bias_; }

  protected:
    void initialize_own(uint64_t seed, const std::string& prefix) override;

  private:
    Variable& weight_;
    Variable& bias_;
};

}  // namespace unmask
