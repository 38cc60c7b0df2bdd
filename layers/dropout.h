// SPDX-License-Identifier: Apache-2.0
// Dropout as a layer: off at inference; in training its mask is a function of (seed, stream name, step,
// element).
#pragma once

#include "engine/ops/dropout.h"
#include "layers/module.h"

namespace unmask {

// A named stream of masks, and which of them comes next.
class DropoutDraw {
  public:
    // Error when the probability is outside [0, 1).
    DropoutDraw(double probability, std::string stream);
    // What the next masks are drawn from; seed 0 and step 0 until one of them is called. The second takes the
    // step from memory on the device when the mask is drawn ([1], i64).
    void set(uint64_t seed, uint64_t step);
    void set(uint64_t seed, Tensor device_step);
    [[nodiscard]] const DropoutParams& params() const { return params_; }

  private:
    std::string stream_;
    DropoutParams params_;
};

class Dropout final : public Layer {
  public:
    // `stream` names the draws, so that no two layers of a model share theirs. Error when the probability is
    // outside [0, 1).
    Dropout(double probability, std::string stream) : draw_(probability, std::move(stream)) {}
    [[nodiscard]] Variable forward(const Variable& x) override {
        return training() ? dropout(x, draw_.params()) : x;
    }
    [[nodiscard]] DropoutDraw& draw() { return draw_; }

  private:
    DropoutDraw draw_;
};

}  // namespace unmask
