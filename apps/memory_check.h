// SPDX-License-Identifier: Apache-2.0
// Whether a detector fits into the machine's memory at all, asked before it is made.
#pragma once

#include <cstdint>

#include "models/detector.h"

namespace unmask {

// Refuses what the kernel would end this program for: Error when a batch of input and the parameters alone
// (in training with gradients and Adam's two moments) are larger than the memory of the machine. `command`
// begins the message.
void check_memory(const char* command, const DetectorOptions& model, int64_t batch, bool training);

}  // namespace unmask
