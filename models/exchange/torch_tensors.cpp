// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/torch_tensors.h"

#include <cstring>

namespace unmask {
namespace {

bool is_contiguous(const TorchTensor& tensor) {
    int64_t expected = 1;
    for (size_t i = tensor.sizes.size(); i-- > 0;) {
        if (tensor.sizes[i] != 1 && tensor.strides[i] != expected) return false;
        expected *= tensor.sizes[i];
    }
    return true;
}

// Copies elements of the view in row-major order, one by one.
template <class Copy>
void gather(const TorchTensor& tensor, int64_t elements, Copy&& copy) {
    const size_t rank = tensor.sizes.size();
    std::vector<int64_t> index(rank, 0);
    uint64_t place = tensor.offset;
    for (int64_t i = 0; i < elements; ++i) {
        copy(i, place);
        for (size_t d = rank; d-- > 0;) {
            place += static_cast<uint64_t>(tensor.strides[d]);
            if (++index[d] < tensor.sizes[d]) break;
            place -= static_cast<uint64_t>(tensor.strides[d]) * static_cast<uint64_t>(tensor.sizes[d]);
            index[d] = 0;
        }
    }
}

}  // namespace

TorchTensors::TorchTensors(const TorchObjects& objects, uint64_t file_bytes, ReadStorage read)
    : objects_(objects), allowance_(4 * file_bytes), read_(std::move(read)) {}

const std::shared_ptr<Buffer>& TorchTensors::storage(size_t index) {
    std::shared_ptr<Buffer>& buffer = loaded_[index];
    if (!buffer) buffer = read_(objects_.storages()[index]);
    return buffer;
}

Tensor TorchTensors::make(const TorchTensor& tensor) {
    const Shape shape(tensor.sizes);
    const TorchStorageType& type = *objects_.storages()[tensor.storage].type;
    if (shape.numel() == 0) return Tensor::empty(shape, type.dtype);
    const std::shared_ptr<Buffer>& buffer = storage(tensor.storage);
    const bool widens = size_of(type.dtype) != type.bytes;  // int16
    if (!widens && is_contiguous(tensor))
        return Tensor::view(buffer, tensor.offset * type.bytes, shape, type.dtype);
    const uint64_t bytes = static_cast<uint64_t>(shape.numel()) * size_of(type.dtype);
    if (bytes > allowance_)
        fail("its tensors lie over each other: they would take far more memory than the file");
    allowance_ -= bytes;
    Tensor result = Tensor::empty(shape, type.dtype);
    const std::byte* source = buffer->data();
    if (widens)
        gather(tensor, shape.numel(), [source, out = result.data<int32_t>()](int64_t i, uint64_t place) {
            int16_t number = 0;
            std::memcpy(&number, source + sizeof number * place, sizeof number);
            out[i] = number;
        });
    else
        gather(tensor, shape.numel(),
               [&, out = static_cast<std::byte*>(result.raw())](int64_t i, uint64_t place) {
                   std::memcpy(out + static_cast<size_t>(i) * type.bytes, source + place * type.bytes,
                               type.bytes);
               });
    return result;
}

}  // namespace unmask
