// SPDX-License-Identifier: Apache-2.0
#include "layers/sequential.h"

namespace unmask {

Variable Sequential::forward_from(size_t first, const Variable& x) {
    Variable y = x;
    for (size_t i = first; i < layers_.size(); ++i) y = layers_[i]->forward(y);
    return y;
}

}  // namespace unmask
