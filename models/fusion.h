// SPDX-License-Identifier: Apache-2.0
// The fusion perceptron, from the joint representation to the global one, [N, n · d] -> [N, d]:
//     Linear(n · d, 1000) BatchNorm ReLU Dropout, Linear(1000, 500) BatchNorm ReLU Dropout, Linear(500, d).
#pragma once

#include "layers/batch_norm.h"
#include "layers/sequential.h"

namespace unmask {

// Parameters 0, 1, 3, 4 and 6 are named by their place in the sequence, ReLU counted and dropout not.
class Fusion final : public Layer {
  public:
    Fusion(int64_t joint_features, int64_t features, double dropout);
    [[nodiscard]] Variable forward(const Variable& x) override { return layers_.forward(x); }

    // See DropoutDraw::set; the step is a number or a tensor on the device.
    template <class Step>
    void set_dropout(uint64_t seed, const Step& step) {
        for (BatchNorm* norm : norms_) norm->dropout().set(seed, step);
    }

  private:
    Sequential& layers_;
    std::vector<BatchNorm*> norms_;
};

}  // namespace unmask
