// SPDX-License-Identifier: Apache-2.0
// What the blocks that fold batch norm into their weights share.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace unmask {

// The values as the other tensor's dtype on its device, in memory that never changes again.
[[nodiscard]] inline Tensor frozen(const Shape& shape, const std::vector<double>& values, const Tensor& like) {
    Tensor result = Tensor::from(shape, values).to(like.dtype()).to(like.device());
    result.buffer()->freeze();
    return result;
}

}  // namespace unmask
