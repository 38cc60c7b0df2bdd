// SPDX-License-Identifier: Apache-2.0
#include "apps/mixup.h"

#include <cmath>

#include "engine/error.h"

namespace unmask {

double draw_beta(PhiloxSequence& random, double alpha) {
    if (!(alpha > 0 && alpha <= 2)) fail("mixup expected an alpha above 0 and at most 2, found {}", alpha);
    for (;;) {
        const double x = std::pow(double(random.uniform()), 1 / alpha);
        const double y = std::pow(double(random.uniform()), 1 / alpha);
        if (x + y > 0 && x + y <= 1) return x / (x + y);
    }
}

Targets mix_batch(Batch& batch, double alpha, uint64_t seed, int64_t step) {
    Targets targets{.labels = batch.labels, .mixed_labels = {}, .lambda = 1};
    if (alpha <= 0) return targets;
    PhiloxSequence random(seed, "mixup", uint64_t(step));
    targets.lambda = draw_beta(random, alpha);
    const size_t count = size_t(batch.labels.numel());
    const std::vector<size_t> partner = random_permutation(random, count);
    targets.mixed_labels = Tensor::empty_like(batch.labels);
    const Tensor mixed = Tensor::empty_like(batch.images);
    const size_t values = size_t(batch.images.numel()) / count;
    const auto share = float(targets.lambda);
    for (size_t i = 0; i < count; ++i) {
        targets.mixed_labels.data<int64_t>()[i] = batch.labels.data<int64_t>()[partner[i]];
        const float* own = batch.images.data<float>() + i * values;
        const float* other = batch.images.data<float>() + partner[i] * values;
        float* out = mixed.data<float>() + i * values;
        for (size_t k = 0; k < values; ++k) out[k] = share * own[k] + (1 - share) * other[k];
    }
    batch.images = mixed;
    return targets;
}

}  // namespace unmask
