// SPDX-License-Identifier: Apache-2.0
#include "losses/divergence.h"

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

Variable default_sinkhorn(const Variable& log_anchor, const Variable& log_q) {
    return sinkhorn_divergence(log_anchor, log_q, {});
}

constexpr DivergenceEntry table[] = {
    {"kl", Divergence::kl, &kl_divergence, FusedDivergence::kl},
    {"sinkhorn", Divergence::sinkhorn, &default_sinkhorn, FusedDivergence::sinkhorn},
};

}  // namespace

std::span<const DivergenceEntry> divergences() {
    return table;
}

const DivergenceEntry& divergence_of(Divergence kind) {
    for (const DivergenceEntry& entry : table)
        if (entry.kind == kind) return entry;
    fail("divergence: found no entry for kind {}", static_cast<int>(kind));
}

Divergence parse_divergence(std::string_view name) {
    std::string known;
    for (const DivergenceEntry& entry : table) {
        if (entry.name == name) return entry.kind;
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    fail("divergence: expected one of {}, found '{}'", known, name);
}

Variable kl_divergence(const Variable& log_anchor, const Variable& log_q) {
    return mean(multiply(exp(log_q), subtract(log_q, log_anchor)));
}

}  // namespace unmask
