// SPDX-License-Identifier: Apache-2.0
// From a detector's logits to scores, probabilities of fake from 0 to 1.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace unmask {

// softmax(logits)[1] of logits [n, 2] on any device, in double.
[[nodiscard]] std::vector<double> fake_probabilities(const Tensor& logits);

}  // namespace unmask
