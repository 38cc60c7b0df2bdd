// SPDX-License-Identifier: Apache-2.0
// Tensors out of the storages of a PyTorch file.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "models/exchange/torch_objects.h"

namespace unmask {

class TorchTensors {
  public:
    // The storage's bytes, elements · bytes of its type; allocated when the file was seen to hold them
    // (Error).
    using ReadStorage = std::function<std::shared_ptr<Buffer>(const TorchStorage& storage)>;

    // `file_bytes` bounds what is allocated: storages are within the file, and tensors that are not plain
    // parts of one may take as much again four times. Both references must outlive it.
    TorchTensors(const TorchObjects& objects, uint64_t file_bytes, ReadStorage read);

    // The tensor in row-major order. It shares its storage's memory where it is a plain part of it. int8,
    // int16 become i32, bool u8.
    [[nodiscard]] Tensor make(const TorchTensor& tensor);

  private:
    [[nodiscard]] const std::shared_ptr<Buffer>& storage(size_t index);

    const TorchObjects& objects_;
    uint64_t allowance_;
    ReadStorage read_;
    std::map<size_t, std::shared_ptr<Buffer>> loaded_;
};

}  // namespace unmask
