// SPDX-License-Identifier: Apache-2.0
#include "layers/sequential.h"

namespace unmask {

Variable Sequential::forward(const Variable& x) {
    Variable y = x;
    for (Layer* layer : layers_) y = layer->forward(y);
    return y;
}

}  // namespace unmask
