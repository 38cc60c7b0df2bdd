// SPDX-License-Identifier: Apache-2.0
// What the blocks that fold batch norm into their weights share.
#pragma once

#include <vector>

#include "engine/error.h"
#include "engine/ops/compact_conv2d.h"

namespace unmask {

// The values in that dtype on the device, in memory that never changes again.
[[nodiscard]] inline Tensor frozen(const Shape& shape, const std::vector<double>& values, DType dtype,
                                   Device device) {
    Tensor result = Tensor::from(shape, values).to(dtype).to(device);
    result.buffer()->freeze();
    return result;
}

// The values as a weight in the format that inference keeps it in: WeightFormat::f32 leaves it in the model's
// dtype, others are an Error where that is not float32.
[[nodiscard]] inline CompactWeight compacted(const Shape& shape, const std::vector<double>& values,
                                             DType dtype, Device device, WeightFormat format) {
    if (format == WeightFormat::f32) return {frozen(shape, values, dtype, device), {}};
    if (dtype != DType::f32)
        fail("weights in {}: expected a float32 model, found {}", name_of(format), name_of(dtype));
    return compact_weight(Tensor::from(shape, values).to(DType::f32), format).to(device);
}

}  // namespace unmask
