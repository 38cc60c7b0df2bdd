// SPDX-License-Identifier: Apache-2.0
// The Sinkhorn divergence (losses/divergence.h) of distributions over two classes, with its gradient, without
// the cost matrix. A row of log a is the point (log a_0, log a_1), one of q the point (1 - y, y), so that
//     cost_ij = c_i + d_j - ε F_i y_j,   c = |log a|² - 2 log a_0, d = (1 - y)² + y², F = 2 (log a_1 - log
//     a_0) / ε,
// and with U_i = (u_i - c_i) / ε, V_j = (v_j - d_j) / ε the plan is P_ij = exp(U_i + V_j + F_i y_j).
// Exponents are in float64, where they may cancel; T computes the exponential.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "cpu/parallel.h"
#include "cpu/vector_math.h"
#include "engine/ops/information_objective.h"

namespace unmask {

template <class T>
class Sinkhorn {
  public:
    // log a and y of every point.
    Sinkhorn(const std::vector<double>& log_anchor0, const std::vector<double>& log_anchor1,
             std::vector<double> y, const SinkhornOptions& options)
        : options_(options),
          points_(y.size()),
          log_marginal_(std::log(1.0 / static_cast<double>(points_) + 1e-8)),
          y_(std::move(y)),
          factor_(y_.size()) {
        std::vector<double> u(y_.size()), v(y_.size());
        for (size_t i = 0; i < y_.size(); ++i) {
            const double a0 = log_anchor0[i], a1 = log_anchor1[i], q = y_[i];
            u[i] = -(a0 * a0 + a1 * a1 - 2.0 * a0) / options_.epsilon;
            v[i] = -((1.0 - q) * (1.0 - q) + q * q) / options_.epsilon;
            factor_[i] = 2.0 * (a1 - a0) / options_.epsilon;
        }
        u_.push_back(std::move(u));
        v_.push_back(std::move(v));
        iterate();
    }

    // Σ_ij P_ij · cost_ij, and if wanted its derivative by every y.
    double value(std::vector<double>* slope) {
        std::vector<double> grad_u(y_.size()), grad_v(y_.size()), grad_y(y_.size());
        const auto &u = u_.back(), &v = v_.back();
        const double epsilon = options_.epsilon;
        for_each([&](size_t i) {
            double sum = 0.0;
#pragma omp simd reduction(+ : sum)
            for (size_t j = 0; j < points_; ++j) {
                const double product = factor_[i] * y_[j];
                sum += plan(u[i] + v[j] + product) * -epsilon * (u_[0][i] + v_[0][j] + product);
            }
            grad_u[i] = sum;
        });
        double total = 0.0;
        for (const double cost : grad_u) total += cost;
        if (slope == nullptr) return total;
        for_each([&](size_t j) {
            double plain = 0.0, factors = 0.0, mass = 0.0, mass_factors = 0.0;
#pragma omp simd reduction(+ : plain, factors, mass, mass_factors)
            for (size_t i = 0; i < points_; ++i) {
                const double product = factor_[i] * y_[j], p = plan(u[i] + v[j] + product);
                const double cost = p * -epsilon * (u_[0][i] + v_[0][j] + product);
                plain += cost;
                factors += cost * factor_[i];
                mass += p;
                mass_factors += p * factor_[i];
            }
            grad_v[j] = plain;
            grad_y[j] = factors + (4.0 * y_[j] - 2.0) * mass - epsilon * mass_factors;
        });
        for (size_t k = u_.size() - 1; k > 0; --k) step_back(k, grad_u, grad_v, grad_y);
        for (size_t j = 0; j < y_.size(); ++j) grad_y[j] -= grad_v[j] * (4.0 * y_[j] - 2.0) / epsilon;
        *slope = std::move(grad_y);
        return total;
    }

  private:
    static double plan(double exponent) {
        return exponential(static_cast<T>(exponent));
    }

    template <class Body>
    void for_each(Body&& body) const {
        const auto count = static_cast<int64_t>(points_);
        parallel_rows(count, count, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) body(static_cast<size_t>(i));
        });
    }

    // own + log marginal - log(Σ P + 1e-6), the sum over the other side.
    [[nodiscard]] std::vector<double> updated(const std::vector<double>& own,
                                              const std::vector<double>& factors,
                                              const std::vector<double>& other,
                                              const std::vector<double>& other_factors) const {
        std::vector<double> result(own.size());
        for_each([&](size_t i) {
            double sum = 0.0;
#pragma omp simd reduction(+ : sum)
            for (size_t j = 0; j < points_; ++j)
                sum += plan(own[i] + other[j] + factors[i] * other_factors[j]);
            result[i] = own[i] + log_marginal_ - std::log(sum + 1e-6);
        });
        return result;
    }

    void iterate() {
        for (int k = 0; k < options_.max_iterations; ++k) {
            u_.push_back(updated(u_.back(), factor_, v_.back(), y_));
            v_.push_back(updated(v_.back(), y_, u_.back(), factor_));
            double change = 0.0;
            const auto &now = u_[u_.size() - 1], &before = u_[u_.size() - 2];
            for (size_t i = 0; i < now.size(); ++i) change += std::abs(now[i] - before[i]);
            if (options_.epsilon * change < options_.threshold) break;
        }
    }

    // From the gradients by the potentials after iteration k to those before it. The derivative of the
    // logarithm is the plan with its columns (rows, for u) brought to their marginal.
    void step_back(size_t k, std::vector<double>& grad_u, std::vector<double>& grad_v,
                   std::vector<double>& grad_y) const {
        const auto &u = u_[k], &v = v_[k], &u_before = u_[k - 1], &v_before = v_[k - 1];
        for_each([&](size_t i) {
            double sum = 0.0;
#pragma omp simd reduction(+ : sum)
            for (size_t j = 0; j < points_; ++j)
                sum += grad_v[j] * plan(u[i] + v[j] + factor_[i] * y_[j] - log_marginal_);
            grad_u[i] -= sum;
        });
        for_each([&](size_t j) {
            double factors = 0.0, slopes = 0.0, slope_factors = 0.0;
#pragma omp simd reduction(+ : factors, slopes, slope_factors)
            for (size_t i = 0; i < points_; ++i) {
                const double p = plan(u[i] + v[j] + factor_[i] * y_[j] - log_marginal_);
                factors += p * factor_[i];
                slopes += p * grad_u[i];
                slope_factors += p * grad_u[i] * factor_[i];
            }
            const double ratio = std::exp(v_before[j] - v[j]);  // from v's normalisation to u's
            grad_y[j] -= grad_v[j] * factors + ratio * slope_factors;
            grad_v[j] = grad_v[j] * kept(v[j] - v_before[j]) - ratio * slopes;
        });
        for (size_t i = 0; i < grad_u.size(); ++i) grad_u[i] *= kept(u[i] - u_before[i]);
    }

    // 1e-6 / (Σ P + 1e-6), from the step that the sum caused.
    [[nodiscard]] double kept(double step) const {
        return 1e-6 * std::exp(step - log_marginal_);
    }

    SinkhornOptions options_;
    size_t points_;
    double log_marginal_;
    std::vector<double> y_, factor_;
    std::vector<std::vector<double>> u_, v_;  // before the first iteration, then after each
};

}  // namespace unmask
