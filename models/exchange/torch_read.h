// SPDX-License-Identifier: Apache-2.0
// The two formats of torch.save, see state_dict.h.
//   zip      NAME/data.pkl: one pickle; NAME/data/KEY: the bytes of storage KEY
//   legacy   five pickles in a row (a magic number, the version 1001, what the machine was, the value, the
//   keys of the
//            storages in order), then each storage as a 64-bit count of elements and its bytes
#pragma once

#include "models/exchange/state_dict.h"

namespace unmask {

[[nodiscard]] StateDict read_torch_zip(const std::filesystem::path& path);
[[nodiscard]] StateDict read_torch_legacy(const std::filesystem::path& path);

}  // namespace unmask
