// SPDX-License-Identifier: Apache-2.0
// Hears during a backward pass which gradients are complete, so that work on them need not wait for the end.
#pragma once

#include <cstddef>

#include "engine/tensor.h"

namespace unmask {

class GradientListener {
  public:
    virtual ~GradientListener() = default;
    // The pinned gradient (see Variable::pin_gradient) of a variable that no further op of this pass feeds;
    // what writes it has been enqueued. Called on the thread of backward().
    virtual void complete(const Tensor& gradient) = 0;
    // Gradients are added together and reported in portions of about this size.
    [[nodiscard]] virtual size_t portion_bytes() const = 0;
};

// Backward passes of this thread tell the listener while this lives; null for none.
class ListenToGradients {
  public:
    explicit ListenToGradients(GradientListener* listener);
    ListenToGradients(const ListenToGradients&) = delete;
    ListenToGradients& operator=(const ListenToGradients&) = delete;
    ~ListenToGradients();

    [[nodiscard]] static GradientListener* current();

  private:
    GradientListener* before_;
};

}  // namespace unmask
