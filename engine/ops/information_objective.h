// SPDX-License-Identifier: Apache-2.0
// The training objective of the detector (Ba et al., AAAI 2024) in one op: from the logits of all heads to
// the weighted total, with the gradients of all logits computed along. For two classes, q = softmax(logits /
// T), the anchor a = q(joint) taken as a constant, and D a divergence between the rows of a and q:
//     classification       Σ_heads cross entropy, mixed as λ · CE(labels) + (1 - λ) · CE(mixed labels)
//     global information   D(a, q(global))
//     local information    exp(-Σ_i D(a, q(leave-one-out i)))
//     total                Σ_k 0.5 / s_k² · L_k + log(1 + s_k²) with s = sigma, or Σ_k w_k · L_k without.
// A term that is off is left out with its whole summand. losses/ composes the same of smaller ops.
#pragma once

#include <array>
#include <vector>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// kl: the mean over batch and classes of q · (log q - log a). sinkhorn: see losses/divergence.h.
enum class FusedDivergence : uint8_t { kl, sinkhorn };

struct SinkhornOptions {
    double epsilon = 0.01;     // strength of the entropic regularisation
    int max_iterations = 100;  // at least 1
    double threshold = 0.1;    // stops when the potentials' summed change is below
};

struct InformationObjectiveParams {
    double temperature = 1.5;  // positive
    FusedDivergence divergence = FusedDivergence::kl;
    SinkhornOptions sinkhorn{};
    std::array<double, 3> weights{1.0, 2.0, 10.0};  // of the three terms where there is no sigma
    bool global_information = true;
    bool local_information = true;  // off by itself without leave-one-out heads
};

inline constexpr int64_t most_objective_heads = 10;

struct ObjectiveTargets {
    Tensor labels;        // [N], i64, 0 or 1
    Tensor mixed_labels;  // the same, or undefined without mixup
    Tensor lambda;        // the labels' share with mixup, [1], f32 or the logits' dtype; undefined: 1
};

// Kernel slot. logits: global, joint, leave-one-out 0…, [N, 2] each; sigma [3] or undefined; terms [4]:
// total, classification, global and local information, NaN where off. gradients, of the total: those of all
// logits in order, then sigma's; undefined where not wanted. lambda may be f32 in float64. A label or share
// out of range makes the total NaN.
inline constinit Kernel<void(const Tensor& global_logits, const std::vector<Tensor>& logits,
                             const ObjectiveTargets& targets, const Tensor& sigma,
                             const InformationObjectiveParams& params, Tensor& terms, Tensor& gradients)>
    information_objective_forward{"information_objective_forward"};

struct InformationObjective {
    Variable total;  // a scalar
    Tensor terms;    // [4]: total, classification, global and local information, NaN where off
};

// logits: global, joint, then none or 2 to 8 leave-one-out heads, [N, 2] each. All on one device. Labels and
// shares out of range are an Error on the CPU; on a GPU, where looking at them would wait for it, the total
// becomes NaN. With Sinkhorn gradients flow through the iterations, whose potentials of 16 · N bytes each are
// kept until then.
[[nodiscard]] InformationObjective information_objective(const std::vector<Variable>& logits,
                                                         const ObjectiveTargets& targets,
                                                         const Variable& sigma,
                                                         const InformationObjectiveParams& params = {});

}  // namespace unmask
