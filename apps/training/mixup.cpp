// SPDX-License-Identifier: Apache-2.0
#include "apps/training/mixup.h"

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

MixupDraw draw_mixup(double alpha, uint64_t seed, int64_t step, size_t count) {
    MixupDraw draw;
    if (alpha <= 0) return draw;
    PhiloxSequence random(seed, "mixup", uint64_t(step));
    draw.lambda = draw_beta(random, alpha);
    draw.partner = random_permutation(random, count);
    return draw;
}

Targets mixed_targets(const Tensor& labels, const MixupDraw& draw) {
    Targets targets{.labels = labels, .mixed_labels = {}, .lambda = draw.lambda, .device_lambda = {}};
    if (draw.partner.empty()) return targets;
    targets.mixed_labels = Tensor::empty_like(labels);
    for (size_t i = 0; i < draw.partner.size(); ++i)
        targets.mixed_labels.data<int64_t>()[i] = labels.data<int64_t>()[draw.partner[i]];
    return targets;
}

Targets mix_batch(Batch& batch, double alpha, uint64_t seed, int64_t step) {
    const auto count = size_t(batch.labels.numel());
    const MixupDraw draw = draw_mixup(alpha, seed, step, count);
    if (draw.partner.empty()) return mixed_targets(batch.labels, draw);
    const Tensor mixed = Tensor::empty_like(batch.images);
    const size_t values = size_t(batch.images.numel()) / count;
    const auto share = float(draw.lambda);
    for (size_t i = 0; i < count; ++i) {
        const float* own = batch.images.data<float>() + i * values;
        const float* other = batch.images.data<float>() + draw.partner[i] * values;
        float* out = mixed.data<float>() + i * values;
        for (size_t k = 0; k < values; ++k) out[k] = share * own[k] + (1 - share) * other[k];
    }
    batch.images = mixed;
    return mixed_targets(batch.labels, draw);
}

}  // namespace unmask
