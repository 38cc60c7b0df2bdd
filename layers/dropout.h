// SPDX-License-Identifier: Apache-2.0
// Dropout as a layer: off at inference; in training its mask is a function of (seed, stream name, step,
// element).
#pragma once

#include "engine/ops/dropout.h"
#include "layers/module.h"

namespace unmask {

class Dropout final : public Layer {
  public:
    // `stream` names the draws, so that no two layers of a model share theirs. Error when the probability is
    // outside [0, 1).
    Dropout(double probability, std::string stream);
    [[nodiscard]] Variable forward(const Variable& x) override;

    // What the next masks are drawn from; seed 0 and step 0 until it is called.
    void set_draw(uint64_t seed, uint64_t step);

  private:
    std::string stream_;
    DropoutParams params_;
};

}  // namespace unmask
