// SPDX-License-Identifier: Apache-2.0
// 2-D convolution with its own weight: x [N, H, W, C] -> [N, H', W', O], see engine/ops/conv2d.h.
#pragma once

#include "engine/ops/conv2d.h"
#include "layers/module.h"

namespace unmask {

struct Conv2dLayerOptions {
    int64_t in_channels = 0, out_channels = 0;
    int kernel = 3, stride = 1;
    int padding = -1;  // -1: (kernel - 1) / 2, which keeps the size at stride 1
    int groups = 1;
    bool bias = false;
};

// Parameters: weight [O, k, k, C / groups], bias [O] when asked for. Fresh weights are normal with variance
// 2 / (O · k²) (He et al., ICCV 2015, by fan-out), biases 0.
class Conv2d final : public Layer {
  public:
    // Error when a channel count is not positive or does not divide by the groups.
    explicit Conv2d(const Conv2dLayerOptions& options);
    // x may have channels of zeros beyond in_channels, where there is one group: weights of 0 meet them.
    [[nodiscard]] Variable forward(const Variable& x) override;

    [[nodiscard]] const Variable& weight() const { return weight_; }
    [[nodiscard]] const Variable* bias() const { return bias_; }  // null without one
    [[nodiscard]] const Conv2dOptions& geometry() const { return geometry_; }

  protected:
    void initialize_own(uint64_t seed, const std::string& prefix) override;

  private:
    Conv2dOptions geometry_;
    Variable& weight_;
    Variable* bias_ = nullptr;
};

// weight [O, k, k, C] with zeros beyond the last input channel, up to `channels`; itself where it has them.
[[nodiscard]] Variable with_zero_channels(const Variable& weight, int64_t channels);

}  // namespace unmask
