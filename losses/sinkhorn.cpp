// SPDX-License-Identifier: Apache-2.0
// The Sinkhorn divergence; declared in losses/divergence.h.
#include <cmath>

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"
#include "losses/divergence.h"

namespace unmask {
namespace {

// C_ij = Σ_c (x_ic - y_jc)², [N, N].
Variable squared_distances(const Variable& x, const Variable& y) {
    const int64_t rows = x.dim(0), classes = x.dim(1);
    const Variable difference = reshape(x, {rows, 1, classes}) - reshape(y, {1, rows, classes});
    return sum(square(difference), {-1});
}

double summed_change(const Tensor& now, const Tensor& before) {
    const std::vector<double> a = now.to_doubles(), b = before.to_doubles();
    double total = 0.0;
    for (size_t i = 0; i < a.size(); ++i) total += std::abs(a[i] - b[i]);
    return total;
}

}  // namespace

Variable sinkhorn_divergence(const Variable& log_anchor, const Variable& log_q,
                             const SinkhornOptions& options) {
    if (log_q.shape().rank() != 2 || log_q.dim(0) < 1 || log_anchor.shape() != log_q.shape())
        fail("sinkhorn: expected two tensors [batch, classes], found {} and {}", log_anchor.shape().str(),
             log_q.shape().str());
    if (!(options.epsilon > 0.0) || options.max_iterations < 1)
        fail("sinkhorn: expected a positive epsilon and at least one iteration, found {} and {}",
             options.epsilon, options.max_iterations);
    const int64_t n = log_q.dim(0);
    const double epsilon = options.epsilon;
    const double log_marginal = std::log(1.0 / static_cast<double>(n) + 1e-8);
    const Variable cost = squared_distances(log_anchor, exp(log_q));
    // The potentials keep the shape in which they are added to the cost: u a column, v a row.
    Variable u = Tensor::zeros({n, 1}, log_q.dtype(), log_q.device());
    Variable v = Tensor::zeros({1, n}, log_q.dtype(), log_q.device());
    const auto plan = [&] { return exp(affine(u - cost + v, 1.0 / epsilon)); };
    // potential + ε · (log_marginal - log(Σ_axis P + 1e-6))
    const auto updated = [&](const Variable& potential, int axis) {
        const Variable marginal = log(affine(sum(plan(), {axis}, true), 1.0, 1e-6));
        return affine(marginal, -epsilon, epsilon * log_marginal) + potential;
    };
    for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
        const Tensor before = u.value();
        u = updated(u, 1);
        v = updated(v, 0);
        if (summed_change(u.value(), before) < options.threshold) break;
    }
    return sum(plan() * cost);
}

}  // namespace unmask
