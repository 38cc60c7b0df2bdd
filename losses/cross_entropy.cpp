// SPDX-License-Identifier: Apache-2.0
#include "losses/cross_entropy.h"

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/embedding.h"
#include "engine/ops/reduce.h"
#include "engine/ops/softmax.h"

namespace unmask {

Tensor target_distribution(const Targets& targets, int64_t classes, DType dtype) {
    if (!targets.labels.defined()) fail("targets: expected labels [batch], found none");
    const Tensor first = one_hot(targets.labels, classes, dtype);
    if (!targets.mixed_labels.defined()) return first;
    const double share = targets.device_lambda.defined() ? targets.device_lambda.item() : targets.lambda;
    if (!(share >= 0.0 && share <= 1.0)) fail("targets: expected a mixup share in [0, 1], found {}", share);
    if (targets.mixed_labels.shape() != targets.labels.shape())
        fail("targets: expected mixed labels of shape {}, found {}", targets.labels.shape().str(),
             targets.mixed_labels.shape().str());
    const Tensor second = one_hot(targets.mixed_labels, classes, dtype);
    const NoGrad constants;
    return add(affine(first, share), affine(second, 1.0 - share)).value();
}

Variable cross_entropy(const Variable& logits, const Tensor& target) {
    if (logits.shape().rank() != 2 || logits.dim(0) < 1 || target.shape() != logits.shape())
        fail("cross_entropy: expected logits [N, C] and a target of the same shape, found {} and {}",
             logits.shape().str(), target.shape().str());
    const Variable likelihood = sum(multiply(log_softmax(logits), target));
    return affine(likelihood, -1.0 / static_cast<double>(logits.dim(0)));
}

}  // namespace unmask
