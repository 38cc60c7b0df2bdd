// SPDX-License-Identifier: Apache-2.0
// Layers that training leaves as they are: fine-tuning of the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/detector.h"

namespace unmask {

// Parameters whose name begins with one of the given names, part by part ("layer1" holds "layer1.0.conv1"
// but not "layer10"), in the detector or in every branch. "backbone" is all branches, "stem" the first
// convolution and norm of every branch. Frozen parameters get no gradient, no weight decay and no optimizer's
// memory; frozen batch norms normalise by their running statistics, which stay too: what lies behind them
// sees the features that it will see at inference.
class FrozenLayers {
  public:
    // "stem,layer1"; empty for none. Error names what no parameter's name begins with, and the names there
    // are, or that nothing would be left to train. The detector must outlive this.
    FrozenLayers(Detector& detector, const std::string& names);

    // Freezes; after the detector was put into training mode, which wakes all norms.
    void freeze();
    void thaw();
    [[nodiscard]] bool any() const { return !names_.empty(); }
    [[nodiscard]] int64_t parameter_count() const;  // frozen numbers

  private:
    [[nodiscard]] bool covers(const std::string& name) const;

    Detector& detector_;
    std::vector<std::string> names_;
};

}  // namespace unmask
