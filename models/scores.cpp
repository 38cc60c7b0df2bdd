// SPDX-License-Identifier: Apache-2.0
#include "models/scores.h"

#include <cmath>

#include "engine/error.h"

namespace unmask {

std::vector<double> fake_probabilities(const Tensor& logits) {
    UNMASK_ASSERT(logits.rank() == 2 && logits.dim(1) == 2);
    const std::vector<double> values = logits.to_doubles();
    std::vector<double> probabilities(values.size() / 2);
    for (size_t i = 0; i < probabilities.size(); ++i)
        probabilities[i] = 1 / (1 + std::exp(values[2 * i] - values[2 * i + 1]));
    return probabilities;
}

}  // namespace unmask
