// SPDX-License-Identifier: Apache-2.0
// Takes parameters' gradients one by one as backward completes them, instead of all being kept to its end.
#pragma once

#include <cstddef>

#include "engine/tensor.h"

namespace unmask {

class GradientSink {
  public:
    virtual ~GradientSink() = default;
    // The gradient of the variable that was given this sink and index (see Variable::sink_gradient), when no
    // further op of the pass feeds it nor reads the variable's value: that may be changed. Called on the
    // thread of backward().
    virtual void take(size_t index, const Tensor& gradient) = 0;
};

}  // namespace unmask
