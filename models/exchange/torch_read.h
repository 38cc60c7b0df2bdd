// SPDX-License-Identifier: Apache-2.0
// The two formats of torch.save, see state_dict.h.
//   zip      NAME/data.pkl: one pickle; NAME/data/KEY: the bytes of storage KEY
//   legacy   five pickles in a row (a magic number, the version 1001, what the machine was, the value, the
//   keys of the
//            storages in order), then each storage as a 64-bit count of elements and its bytes
#pragma once

#include "models/exchange/state_dict.h"

namespace unmask {

// Every tensor of the file under its name, contiguous, of the shape and dtype it was saved with (16-bit
// integers as i32, truth values as u8). Errors name the file: unreadable or cut off, not of this
// format, classes or opcodes that a state dict does not need, big-endian storages, tensors beyond their
// storage. The formats are those of torch/serialization.py in PyTorch.
[[nodiscard]] StateDict read_torch_zip(const std::filesystem::path& path);
[[nodiscard]] StateDict read_torch_legacy(const std::filesystem::path& path);

}  // namespace unmask
