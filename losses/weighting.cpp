// SPDX-License-Identifier: Apache-2.0
#include "losses/weighting.h"

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace unmask {
namespace {

void accumulate(Variable& total, const Variable& summand) {
    total = total.defined() ? total + summand : summand;
}

}  // namespace

Variable automatic_weighting(const TermArray& terms, const Variable& sigma) {
    Variable total;
    const std::vector<Variable> scales = split(sigma, 0, static_cast<int64_t>(terms.size()));
    for (size_t k = 0; k < terms.size(); ++k) {
        if (!terms[k].defined()) continue;
        const Variable variance = square(reshape(scales[k], terms[k].shape()));
        accumulate(total, affine(terms[k] / variance, 0.5) + log(affine(variance, 1.0, 1.0)));
    }
    if (!total.defined()) fail("weighting: expected at least one term, found none");
    return total;
}

Variable fixed_weighting(const TermArray& terms, const std::array<double, 3>& weights) {
    Variable total;
    for (size_t k = 0; k < terms.size(); ++k)
        if (terms[k].defined()) accumulate(total, affine(terms[k], weights[k]));
    if (!total.defined()) fail("weighting: expected at least one term, found none");
    return total;
}

Weighting parse_weighting(std::string_view name) {
    if (name == name_of(Weighting::automatic)) return Weighting::automatic;
    if (name == name_of(Weighting::fixed)) return Weighting::fixed;
    fail("weighting: expected automatic or fixed, found '{}'", name);
}

std::string_view name_of(Weighting weighting) {
    return weighting == Weighting::automatic ? "automatic" : "fixed";
}

}  // namespace unmask
