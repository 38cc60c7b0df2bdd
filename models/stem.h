// SPDX-License-Identifier: Apache-2.0
// The beginning of a backbone: convolution, batch norm, activation, and for some a max pooling. The branches
// of a detector see the same image, so that their stems can be computed as one.
#pragma once

#include <optional>
#include <span>

#include "engine/ops/pool.h"
#include "layers/conv_norm_activation.h"

namespace unmask {

class Backbone;

// The block itself is nameless: its two parts are named by the options.
class Stem final : public LockstepLayer {
  public:
    explicit Stem(const ConvNormActivationOptions& options, std::optional<Pool2dParams> pool = {});
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override;

    [[nodiscard]] float link_scales(float input) override { return block_.link_scales(input); }

    [[nodiscard]] ConvNormActivation& block() { return block_; }
    [[nodiscard]] const std::optional<Pool2dParams>& pool() const { return pool_; }

  private:
    ConvNormActivation& block_;
    std::optional<Pool2dParams> pool_;
};

// What every branch's stem makes of x, by one convolution with all their filters, one batch norm, one
// pooling. The branches are of one architecture.
[[nodiscard]] std::vector<Variable> merged_stem_maps(std::span<Backbone* const> branches, const Variable& x);

}  // namespace unmask
