// SPDX-License-Identifier: Apache-2.0
// The Sinkhorn divergence (losses/divergence.h) of distributions over two classes, with its gradient, by one
// block. A row of log a is the point (log a_0, log a_1), one of q the point (1 - y, y), so that
//     cost_ij = c_i + d_j - ε F_i y_j,
//     c = |log a|² - 2 log a_0, d = (1 - y)² + y², F = 2 (log a_1 - log a_0) / ε,
// and with U_i = (u_i - c_i) / ε, V_j = (v_j - d_j) / ε the plan is P_ij = exp(U_i + V_j + F_i y_j). Nothing
// of size N × N is stored; a warp sums over a row or a column. Exponents and sums are in float64, because
// distances of 10^4 · ε cancel in them; the exponential is in float32.
#pragma once

#include "cuda/device.cuh"
#include "engine/ops/information_objective.h"

namespace unmask {

// In global memory, all float64.
struct SinkhornProblem {
    int64_t points;
    double scale;  // 1 / T
    double epsilon, threshold, log_marginal;
    int max_iterations;
    bool gradient;                     // then the potentials of every iteration are kept
    double *factor, *y;                // [N]: F and y
    double *grad_u, *grad_v, *grad_y;  // [N]
    double *u_history, *v_history;     // U and V at first, then after each iteration (or the last one)
    double* value;                     // [1]

    // float64 numbers that a problem takes.
    static int64_t size(int64_t points, int max_iterations, bool gradient) {
        return points * (5 + 2 * (gradient ? max_iterations + 1 : 2)) + 1;
    }
    __device__ void place(double* memory) {
        factor = memory;
        y = factor + points;
        grad_u = y + points;
        grad_v = grad_u + points;
        grad_y = grad_v + points;
        u_history = grad_y + points;
        v_history = u_history + points * (gradient ? max_iterations + 1 : 2);
        value = v_history + points * (gradient ? max_iterations + 1 : 2);
    }
    __device__ double* u(int k) const { return u_history + (gradient ? k : (k > 0)) * points; }
    __device__ double* v(int k) const { return v_history + (gradient ? k : (k > 0)) * points; }
};

namespace detail {

__device__ inline double warp_sum(double value) {
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(whole_warp, value, offset);
    return value;
}

__device__ inline double plan(double exponent) {
    return static_cast<double>(expf(static_cast<float>(exponent)));
}

// From log a and y, whose differences of logits over T are given.
__device__ inline void set_point(const SinkhornProblem& p, int64_t i, double anchor, double own) {
    const double rest = ::log1p(::exp(-fabs(anchor)));
    const double log0 = (anchor > 0.0 ? -anchor : 0.0) - rest, log1 = (anchor > 0.0 ? 0.0 : anchor) - rest;
    const double small = ::exp(-fabs(own)), y = (own > 0.0 ? 1.0 : small) / (1.0 + small);
    p.factor[i] = 2.0 * anchor / p.epsilon;
    p.y[i] = y;
    p.u(0)[i] = -(log0 * log0 + log1 * log1 - 2.0 * log0) / p.epsilon;
    p.v(0)[i] = -((1.0 - y) * (1.0 - y) + y * y) / p.epsilon;
}

// next (which may be own) = own + log marginal - log(Σ P + 1e-6), the sum over the other side; the thread's
// part of Σ |next - own|.
template <int threads>
__device__ float update_potentials(const SinkhornProblem& p, const double* own, const double* factors,
                                   const double* other, const double* other_factors, double* next) {
    const int64_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float change = 0.0f;
    for (int64_t i = warp; i < p.points; i += threads / 32) {
        const double base = own[i], factor = factors[i];
        double sum = 0.0;
        for (int64_t j = lane; j < p.points; j += 32)
            sum += plan(base + other[j] + factor * other_factors[j]);
        const double step = p.log_marginal - ::log(warp_sum(sum) + 1e-6);
        __syncwarp();  // all lanes have read what is written now
        if (lane != 0) continue;
        next[i] = base + step;
        change += fabsf(static_cast<float>(step));
    }
    return change;
}

// The number of iterations taken.
template <int threads>
__device__ int iterate(const SinkhornProblem& p) {
    for (int k = 0;; ++k) {
        if (k == p.max_iterations) return k;
        const float change = update_potentials<threads>(p, p.u(k), p.factor, p.v(k), p.y, p.u(k + 1));
        __syncthreads();
        update_potentials<threads>(p, p.v(k), p.y, p.u(k + 1), p.factor, p.v(k + 1));
        if (p.epsilon * block_reduce<threads>(change) < p.threshold) return k + 1;  // and all have written
    }
}

// The value, and what it says of the last potentials and of y directly.
template <int threads>
__device__ void evaluate(const SinkhornProblem& p, int iterations) {
    const int64_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const double *u = p.u(iterations), *v = p.v(iterations), *u0 = p.u(0), *v0 = p.v(0);
    float total = 0.0f;
    for (int64_t i = warp; i < p.points; i += threads / 32) {
        double sum = 0.0;
        for (int64_t j = lane; j < p.points; j += 32) {
            const double product = p.factor[i] * p.y[j];
            sum -= plan(u[i] + v[j] + product) * (u0[i] + v0[j] + product);
        }
        sum = p.epsilon * warp_sum(sum);
        if (lane != 0) continue;
        p.grad_u[i] = sum;
        total += static_cast<float>(sum);
    }
    total = block_reduce<threads>(total);
    if (threadIdx.x == 0) *p.value = total;
    if (!p.gradient) return;
    for (int64_t j = warp; j < p.points; j += threads / 32) {
        double plain = 0.0, factors = 0.0, mass = 0.0, mass_factors = 0.0;
        for (int64_t i = lane; i < p.points; i += 32) {
            const double product = p.factor[i] * p.y[j], mover = plan(u[i] + v[j] + product);
            const double cost = -mover * (u0[i] + v0[j] + product);
            plain += cost;
            factors += cost * p.factor[i];
            mass += mover;
            mass_factors += mover * p.factor[i];
        }
        plain = p.epsilon * warp_sum(plain);
        factors = p.epsilon * warp_sum(factors - mass_factors);
        mass = warp_sum(mass);
        if (lane != 0) continue;
        p.grad_v[j] = plain;
        p.grad_y[j] = factors + (4.0 * p.y[j] - 2.0) * mass;
    }
}

// 1e-6 / (Σ P + 1e-6), from the step that the sum caused.
__device__ inline double kept(const SinkhornProblem& p, double step) {
    return 1e-6 * ::exp(step - p.log_marginal);
}

// From the gradients by the potentials after iteration k to those before it. The derivative of the logarithm
// is the plan with its columns (rows, for U) brought to their marginal.
template <int threads>
__device__ void step_back(const SinkhornProblem& p, int k) {
    const int64_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const double *u = p.u(k), *v = p.v(k), *u_before = p.u(k - 1), *v_before = p.v(k - 1);
    for (int64_t i = warp; i < p.points; i += threads / 32) {
        const double base = u[i] - p.log_marginal, factor = p.factor[i];
        double sum = 0.0;
        for (int64_t j = lane; j < p.points; j += 32)
            sum += p.grad_v[j] * plan(base + v[j] + factor * p.y[j]);
        sum = warp_sum(sum);
        if (lane == 0) p.grad_u[i] -= sum;
    }
    __syncthreads();
    for (int64_t j = warp; j < p.points; j += threads / 32) {
        const double base = v[j] - p.log_marginal, y = p.y[j];
        double factors = 0.0, slopes = 0.0, slope_factors = 0.0;
        for (int64_t i = lane; i < p.points; i += 32) {
            const double mover = plan(base + u[i] + p.factor[i] * y);
            factors += mover * p.factor[i];
            slopes += mover * p.grad_u[i];
            slope_factors += mover * p.grad_u[i] * p.factor[i];
        }
        factors = warp_sum(factors);
        slopes = warp_sum(slopes);
        slope_factors = warp_sum(slope_factors);
        if (lane != 0) continue;
        const double ratio = ::exp(v_before[j] - v[j]);  // from V's normalisation to U's
        p.grad_y[j] -= p.grad_v[j] * factors + ratio * slope_factors;
        p.grad_v[j] = p.grad_v[j] * kept(p, v[j] - v_before[j]) - ratio * slopes;
    }
    __syncthreads();
    for (int64_t i = threadIdx.x; i < p.points; i += threads) p.grad_u[i] *= kept(p, u[i] - u_before[i]);
    __syncthreads();
}

}  // namespace detail

// After set_point for all points and a barrier: the value, and in grad_y its derivative by every y.
template <int threads>
__device__ void solve_sinkhorn(const SinkhornProblem& p) {
    const int iterations = detail::iterate<threads>(p);
    detail::evaluate<threads>(p, iterations);
    if (!p.gradient) return;
    __syncthreads();
    for (int k = iterations; k > 0; --k) detail::step_back<threads>(p, k);
    for (int64_t j = threadIdx.x; j < p.points; j += threads)
        p.grad_y[j] -= p.grad_v[j] * (4.0 * p.y[j] - 2.0) / p.epsilon;
}

}  // namespace unmask
