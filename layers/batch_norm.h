// SPDX-License-Identifier: Apache-2.0
// Batch norm with its own scale, shift and running statistics, fused with a residual and an activation (see
// engine/ops/batch_norm.h): x [..., C] -> activation(norm(x) (+ residual)).
#pragma once

#include <optional>

#include "engine/ops/batch_norm.h"
#include "layers/dropout.h"
#include "layers/module.h"

namespace unmask {

// Parameters: weight [C] (fresh: 1), bias [C] (fresh: 0). Buffers: running_mean [C] (0), running_var [C] (1).
class BatchNorm final : public Layer {
  public:
    explicit BatchNorm(int64_t channels, Activation activation = Activation::none, double eps = 1e-5,
                       double momentum = 0.1);
    [[nodiscard]] Variable forward(const Variable& x) override { return forward(x, {}); }
    // residual has x's shape or is undefined.
    [[nodiscard]] Variable forward(const Variable& x, const Variable& residual);

    // Drops elements after the activation, in training.
    void set_dropout(DropoutDraw draw) { dropout_ = std::move(draw); }
    [[nodiscard]] DropoutDraw& dropout() { return *dropout_; }

    [[nodiscard]] Activation activation() const { return params_.activation; }
    // For norms of several branches in one op: what forward would give it.
    [[nodiscard]] BatchNormOperands operands() const {
        return {weight_, bias_, running_mean_, running_variance_};
    }
    [[nodiscard]] BatchNormParams params() const;
    // The same map at inference, norm(x) = scale · x + shift, each [C] on the host.
    struct Affine {
        std::vector<double> scale, shift;
    };
    [[nodiscard]] Affine inference_affine() const;

  protected:
    void initialize_own(uint64_t seed, const std::string& prefix) override;
    void share_own_statistics(Communicator* communicator) override { params_.communicator = communicator; }

  private:
    BatchNormParams params_;
    std::optional<DropoutDraw> dropout_;
    Variable& weight_;
    Variable& bias_;
    Tensor& running_mean_;
    Tensor& running_variance_;
};

}  // namespace unmask
