// SPDX-License-Identifier: Apache-2.0
// The two information losses (Ba et al., AAAI 2024), between class distributions softened by a temperature T:
// q = softmax(logits / T), anchor a = stop_gradient(q(joint)).
#pragma once

#include <vector>

#include "losses/divergence.h"

namespace unmask {

// log q, [batch, classes].
[[nodiscard]] Variable softened_log_probabilities(const Variable& logits, double temperature);
// log a: the same without a way back for gradients.
[[nodiscard]] Variable anchor_log_probabilities(const Variable& joint_logits, double temperature);

// D(a, q(global)): small when the fused representation knows of the class what all branches together know.
[[nodiscard]] Variable global_information_loss(const Variable& log_anchor, const Variable& global_logits,
                                               double temperature, DivergenceFunction divergence);

// exp(-Σ_i D(a, q(leave-one-out i))): small when every branch carries something that the others lack. Error
// when there is no leave-one-out head.
[[nodiscard]] Variable local_information_loss(const Variable& log_anchor,
                                              const std::vector<Variable>& leave_one_out, double temperature,
                                              DivergenceFunction divergence);

}  // namespace unmask
