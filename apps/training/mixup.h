// SPDX-License-Identifier: Apache-2.0
// Mixup (Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018) with one share for the whole
// batch: x ← λ x + (1 - λ) x', labels y with share λ and y' with share 1 - λ, (x', y') the batch in another
// order.
#pragma once

#include <cstdint>
#include <vector>

#include "data/loader.h"
#include "engine/philox.h"
#include "losses/objective.h"

namespace unmask {

// A draw of Beta(alpha, alpha) by Jöhnk's rejection: with U, V uniform and X = U^(1/alpha), Y = V^(1/alpha),
// X / (X + Y) given X + Y ≤ 1. alpha in (0, 2] (Error), above which it rejects too often.
[[nodiscard]] double draw_beta(PhiloxSequence& random, double alpha);

// How a batch is mixed: picture i with picture partner[i], lambda being the share of picture i. No partners:
// not at all.
struct MixupDraw {
    double lambda = 1;
    std::vector<size_t> partner;
};
// Of `count` pictures; with alpha 0 nothing is mixed. Depends on (seed, step) alone.
[[nodiscard]] MixupDraw draw_mixup(double alpha, uint64_t seed, int64_t step, size_t count);

// The labels and their partners' labels.
[[nodiscard]] Targets mixed_targets(const Tensor& labels, const MixupDraw& draw);

// Draws, mixes the batch's images in place and returns its targets. A raw batch is mixed where its images are
// made (see DeviceInput).
[[nodiscard]] Targets mix_batch(Batch& batch, double alpha, uint64_t seed, int64_t step);

}  // namespace unmask
