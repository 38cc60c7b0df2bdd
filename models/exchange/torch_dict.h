// SPDX-License-Identifier: Apache-2.0
// Finds the state dict in what a PyTorch file's pickle holds.
#pragma once

#include "models/exchange/state_dict.h"
#include "models/exchange/torch_tensors.h"

namespace unmask {

// The tensors of the pickle's value `root`; see read_state_dict.
[[nodiscard]] StateDict find_state_dict(const PickleValues& values, PickleId root,
                                        const TorchObjects& objects, TorchTensors& tensors);

}  // namespace unmask
