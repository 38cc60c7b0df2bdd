// SPDX-License-Identifier: Apache-2.0
// Our shapes in cuDNN's terms: dimensions always in the order n, c, h, w, memory order in the strides.
#pragma once

#include <array>

#include "cuda/cudnn/descriptor.h"
#include "engine/dtype.h"
#include "engine/shape.h"

namespace unmask::cudnn {

struct TensorLayout {
    std::array<int64_t, 4> dims{}, strides{};  // n, c, h, w; in elements
};

// A contiguous [N, H, W, C] array, or weights [O, kh, kw, C / groups] (o stands for n).
[[nodiscard]] TensorLayout nhwc(const Shape& shape);
// A vector [C] that is added to every pixel.
[[nodiscard]] TensorLayout per_channel(int64_t channels);

// float32 and bfloat16; Error names another dtype.
[[nodiscard]] cudnnDataType_t data_type(DType dtype);

// A finalized tensor descriptor. `id` names the tensor in variant packs; a virtual tensor is only a stage
// between two operations of a graph and has no memory. `alignment`: bytes, a power of two.
[[nodiscard]] Descriptor tensor_descriptor(int64_t id, const TensorLayout& layout, cudnnDataType_t type,
                                           int64_t alignment, bool is_virtual = false);

}  // namespace unmask::cudnn
