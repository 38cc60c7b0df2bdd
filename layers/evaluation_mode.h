// SPDX-License-Identifier: Apache-2.0
// Inference mode for a while, as within training.
#pragma once

#include <vector>

#include "layers/module.h"

namespace unmask {

// The module and all below it are in inference mode while it lives; then each is again in the mode that it
// was in. What prepare_inference() derived before stays throughout. What it derives meanwhile goes at the end
// where anything is in training mode again, since training changes what that was derived from. A module whose
// memory keep_inference_only() gave back meanwhile stays in inference mode. The module must outlive this.
class EvaluationMode {
  public:
    explicit EvaluationMode(Module& module);
    EvaluationMode(const EvaluationMode&) = delete;
    EvaluationMode& operator=(const EvaluationMode&) = delete;
    ~EvaluationMode();

  private:
    void collect(Module& module);
    void discard(Module& module);

    Module& module_;
    std::vector<Module*> trained_;  // that were in training mode
    bool was_prepared_ = false;
};

}  // namespace unmask
