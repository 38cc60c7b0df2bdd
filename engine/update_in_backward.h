// SPDX-License-Identifier: Apache-2.0
// Updates every parameter as soon as backward has completed its gradient, which then goes: the gradients of
// all parameters are never there at once (Lv et al., "Full parameter fine-tuning for large language models
// with limited resources", ACL 2024). Each parameter gets the bytes that one update of all would give it.
#pragma once

#include <vector>

#include "engine/gradient_sink.h"
#include "engine/optimizer.h"

namespace unmask {

class UpdateInBackward final : public GradientSink {
  public:
    // The optimizer of the parameters that were given this sink. It must live until the last pass.
    void use(Optimizer& optimizer, const FlatParameters& parameters);
    // Around a backward pass, after Optimizer::prepare(): parameters that it does not reach are updated at
    // the end, from a gradient of zeros.
    void begin();
    void finish();
    void take(size_t index, const Tensor& gradient) override;

  private:
    Optimizer* optimizer_ = nullptr;
    const FlatParameters* parameters_ = nullptr;
    std::vector<bool> updated_;
};

}  // namespace unmask
