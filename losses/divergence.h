// SPDX-License-Identifier: Apache-2.0
// How far one batch of class distributions is from another. All work on log-probabilities [batch, classes],
// so that a probability that underflows stays finite.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ops/information_objective.h"
#include "engine/variable.h"

namespace unmask {

enum class Divergence : uint8_t { kl, sinkhorn };

// D(a, q) as a scalar, from log a (a constant: the anchor) and log q.
using DivergenceFunction = Variable (*)(const Variable& log_anchor, const Variable& log_q);

struct DivergenceEntry {
    std::string_view name;
    Divergence kind;
    DivergenceFunction compare;
    std::optional<FusedDivergence> fused{};  // where information_objective() knows it too
};

// One line for each divergence there is.
[[nodiscard]] std::span<const DivergenceEntry> divergences();
[[nodiscard]] const DivergenceEntry& divergence_of(Divergence kind);
// Error lists the names when there is none such.
[[nodiscard]] Divergence parse_divergence(std::string_view name);

// Kullback-Leibler: the mean over batch and classes of q · (log q - log a).
[[nodiscard]] Variable kl_divergence(const Variable& log_anchor, const Variable& log_q);

// Entropic optimal transport (Cuturi, NeurIPS 2013) between the rows of log a and of q, each row a point of
// weight 1/N, with squared Euclidean cost C: Σ_ij P_ij · C_ij, P_ij = exp((u_i + v_j - C_ij) / ε), and from u
// = v = 0
//     u ← ε · (log(1/N + 1e-8) - log(Σ_j P_ij + 1e-6)) + u,   then v likewise over i.
// Gradients flow through the iterations.
[[nodiscard]] Variable sinkhorn_divergence(const Variable& log_anchor, const Variable& log_q,
                                           const SinkhornOptions& options);

}  // namespace unmask
