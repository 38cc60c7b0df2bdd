// SPDX-License-Identifier: Apache-2.0
// Pooling as layers; see engine/ops/pool.h.
#pragma once

#include "engine/ops/pool.h"
#include "layers/module.h"

namespace unmask {

// x [N, H, W, C] -> [N, H', W', C], the maximum of every window.
class MaxPool2d final : public Layer {
  public:
    MaxPool2d(int kernel, int stride, int padding);
    [[nodiscard]] Variable forward(const Variable& x) override;

  private:
    Pool2dParams params_;
};

// x [N, H, W, C] -> [N, C], the mean over the map.
class GlobalAveragePool final : public Layer {
  public:
    [[nodiscard]] Variable forward(const Variable& x) override;
};

}  // namespace unmask
