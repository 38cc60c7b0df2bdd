// SPDX-License-Identifier: Apache-2.0
// What the blocks that fold batch norm into their weights share.
#pragma once

#include <vector>

#include "engine/error.h"
#include "engine/ops/compact_conv2d.h"

namespace unmask {

// The values as the other tensor's dtype on its device, in memory that never changes again.
[[nodiscard]] inline Tensor frozen(const Shape& shape, const std::vector<double>& values,
                                   const Tensor& like) {
    Tensor result = Tensor::from(shape, values).to(like.dtype()).to(like.device());
    result.buffer()->freeze();
    return result;
}

// The same as a weight in the format that inference keeps it in. Error for a compact one in the place of
// another dtype than float32.
[[nodiscard]] inline CompactWeight compacted(const Shape& shape, const std::vector<double>& values,
                                             const Tensor& like, WeightFormat format) {
    if (format == WeightFormat::f32) return {frozen(shape, values, like), {}};
    if (like.dtype() != DType::f32)
        fail("weights in {}: expected a float32 model, found {}", name_of(format), name_of(like.dtype()));
    return compact_weight(Tensor::from(shape, values).to(DType::f32), format).to(like.device());
}

}  // namespace unmask
