// SPDX-License-Identifier: Apache-2.0
// Cross entropy between class logits [N, C] and a target distribution [N, C], the mean over the batch:
//     -1/N Σ_n Σ_c target[n, c] · log softmax(logits)[n, c].
#pragma once

#include "engine/variable.h"

namespace unmask {

// The labels of a batch ([batch], i64, 0 real and 1 fake), and with mixup the second label of each and its
// share: each term is lambda · term(labels) + (1 - lambda) · term(mixed_labels).
struct Targets {
    Tensor labels;
    Tensor mixed_labels;  // undefined without mixup
    double lambda = 1.0;
    // The share as a number on the labels' device ([1], f32 or the logits' dtype), which takes the place of
    // `lambda` where it is defined: captured work can be run again with another one.
    Tensor device_lambda;
};

// lambda · one_hot(labels) + (1 - lambda) · one_hot(mixed_labels), [batch, classes]: cross entropy is linear
// in its target, so one pass over the mixed target is the mix of the two terms. Error for labels of the wrong
// shape, dtype or range, and a lambda outside [0, 1]. Reads the labels and the share on the host.
[[nodiscard]] Tensor target_distribution(const Targets& targets, int64_t classes, DType dtype);

// Error when the shapes differ or the batch is empty. The target takes no gradient.
[[nodiscard]] Variable cross_entropy(const Variable& logits, const Tensor& target);

}  // namespace unmask
