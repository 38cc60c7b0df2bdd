// SPDX-License-Identifier: Apache-2.0
// Tensor descriptors: see tensor_layout.h.
#include "cuda/cudnn/tensor_layout.h"

#include "engine/error.h"

namespace unmask::cudnn {

TensorLayout nhwc(const Shape& shape) {
    UNMASK_ASSERT(shape.rank() == 4);
    const int64_t n = shape[0], h = shape[1], w = shape[2], c = shape[3];
    return {{n, c, h, w}, {h * w * c, 1, w * c, c}};
}

TensorLayout per_channel(int64_t channels) {
    return nhwc({1, 1, 1, channels});
}

cudnnDataType_t data_type(DType dtype) {
    if (dtype == DType::f32) return CUDNN_DATA_FLOAT;
    if (dtype == DType::bf16) return CUDNN_DATA_BFLOAT16;
    fail("cuDNN: expected f32 or bf16, found {}", name_of(dtype));
}

Descriptor tensor_descriptor(int64_t id, const TensorLayout& layout, cudnnDataType_t type, int64_t alignment,
                             bool is_virtual) {
    Descriptor result(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    result.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
    result.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type);
    result.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment);
    result.set_all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, layout.dims);
    result.set_all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, layout.strides);
    result.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, is_virtual);
    result.finalize();
    return result;
}

}  // namespace unmask::cudnn
