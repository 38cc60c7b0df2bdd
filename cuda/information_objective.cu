// SPDX-License-Identifier: Apache-2.0
// The whole objective and its gradients in one launch: one block, or with Sinkhorn one for each divergence,
// the last of which to finish combines them all. Every sum has a fixed order. Everything follows from the
// differences of the two classes' logits.
#include "engine/ops/information_objective.h"

#include <cmath>

#include "cuda/arrival.cuh"
#include "cuda/sinkhorn.cuh"

namespace unmask {
namespace {

constexpr int threads = 512;
constexpr int most_heads = static_cast<int>(most_objective_heads);

struct Arguments {
    const float* logits[most_heads];
    int heads;
    int64_t rows;
    const int64_t *labels, *mixed_labels;  // the latter, and the two below, may be null
    const float *lambda, *sigma;
    float weights[3];
    float scale;  // 1 / T
    bool on[3];
    float* terms;
    float* gradients;  // may be null

    // Sinkhorn's.
    SinkhornProblem problem;  // but for the places
    double* workspace;
    int64_t workspace_size;  // of each divergence
    unsigned* finished;

    // The difference of the logits.
    __device__ float difference(int64_t head, int64_t row) const {
        const Pack<float, 2> pair = load_pack<2>(logits[head] + 2 * row);
        return pair[1] - pair[0];
    }
    __device__ SinkhornProblem problem_of(int64_t divergence) const {
        SinkhornProblem result = problem;
        result.place(workspace + divergence * workspace_size);
        return result;
    }
    // Divergences in order: global information's where on, then the leave-one-out heads'.
    __device__ int head_of(int divergence) const {
        return on[1] ? (divergence == 0 ? 0 : divergence + 1) : divergence + 2;
    }
    __device__ int divergence_of(int head) const { return head == 0 ? 0 : head - 2 + (on[1] ? 1 : 0); }
    __device__ bool has_divergence(int head) const { return head == 0 ? on[1] : head > 1 && on[2]; }
};

// Of the two classes, from the difference of their logits.
struct Distribution {
    float log0, log1, p0, p1;
    __device__ explicit Distribution(float difference) {
        const float small = expf(-fabsf(difference)), rest = log1pf(small);
        log0 = (difference > 0.0f ? -difference : 0.0f) - rest;
        log1 = (difference > 0.0f ? 0.0f : difference) - rest;
        p0 = (difference > 0.0f ? small : 1.0f) / (1.0f + small);
        p1 = (difference > 0.0f ? 1.0f : small) / (1.0f + small);
    }
};

struct Target {
    float p0, p1;
};

// NaN for a label that is none.
__device__ Target one_hot(int64_t label) {
    if (label != 0 && label != 1) return {NAN, NAN};
    return {label == 0 ? 1.0f : 0.0f, label == 1 ? 1.0f : 0.0f};
}

__device__ Target target_of(const Arguments& a, int64_t row) {
    const Target first = one_hot(a.labels[row]);
    if (a.mixed_labels == nullptr) return first;
    const Target second = one_hot(a.mixed_labels[row]);
    const float given = a.lambda == nullptr ? 1.0f : *a.lambda;
    const float share = given >= 0.0f && given <= 1.0f ? given : NAN;
    return {share * first.p0 + (1.0f - share) * second.p0, share * first.p1 + (1.0f - share) * second.p1};
}

// Classification, global and the sum of local divergences, in every thread.
struct Sums {
    float values[3] = {};
};

template <bool sinkhorn>
__device__ Sums sums_of(const Arguments& a) {
    Sums sums;
    const float each = 1.0f / static_cast<float>(a.rows);
    for (int head = 0; head < a.heads; ++head) {
        float divergence = 0.0f;
        for (int64_t row = threadIdx.x; row < a.rows; row += threads) {
            const float own = a.difference(head, row);
            const Target target = target_of(a, row);
            const Distribution p(own);
            sums.values[0] -= target.p0 * p.log0 + target.p1 * p.log1;
            if (sinkhorn || !a.has_divergence(head)) continue;
            const Distribution q(own * a.scale), anchor(a.difference(1, row) * a.scale);
            divergence += q.p0 * (q.log0 - anchor.log0) + q.p1 * (q.log1 - anchor.log1);
        }
        (head == 0 ? sums.values[1] : sums.values[2]) += divergence;
    }
    sums.values[0] = block_reduce<threads>(sums.values[0]) * each;
    if constexpr (!sinkhorn) {
        sums.values[1] = block_reduce<threads>(sums.values[1]) * 0.5f * each;
        sums.values[2] = block_reduce<threads>(sums.values[2]) * 0.5f * each;
    } else {
        for (int head = 0; head < a.heads; ++head)
            if (a.has_divergence(head))
                (head == 0 ? sums.values[1] : sums.values[2]) +=
                    static_cast<float>(*a.problem_of(a.divergence_of(head)).value);
    }
    return sums;
}

// The gradient by the difference of a head's logits; `weight` is its divergence's.
template <bool sinkhorn>
__device__ void write_gradients(const Arguments& a, int head, float classification, float weight) {
    const double* slopes =
        sinkhorn && a.has_divergence(head) ? a.problem_of(a.divergence_of(head)).grad_y : nullptr;
    for (int64_t row = threadIdx.x; row < a.rows; row += threads) {
        const float own = a.difference(head, row);
        float gradient = classification * (Distribution(own).p1 - target_of(a, row).p1);
        if (a.has_divergence(head)) {
            const Distribution q(own * a.scale);
            const float slope =
                sinkhorn ? static_cast<float>(slopes[row])
                         : (own - a.difference(1, row)) * a.scale * 0.5f / static_cast<float>(a.rows);
            gradient += weight * slope * q.p0 * q.p1 * a.scale;
        }
        float* out = a.gradients + (head * a.rows + row) * 2;
        out[0] = -gradient;
        out[1] = gradient;
    }
}

template <bool sinkhorn>
__device__ void combine(const Arguments& a) {
    Sums sums = sums_of<sinkhorn>(a);
    sums.values[2] = expf(-sums.values[2]);
    float total = 0.0f, weights[3];
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        const float s = a.sigma == nullptr ? 1.0f : a.sigma[k];
        weights[k] = a.sigma == nullptr ? a.weights[k] : 0.5f / (s * s);
        if (!a.on[k]) continue;
        total += weights[k] * sums.values[k];
        if (a.sigma != nullptr) total += log1pf(s * s);
    }
    if (threadIdx.x == 0) {
        a.terms[0] = total;
#pragma unroll
        for (int k = 0; k < 3; ++k) a.terms[1 + k] = a.on[k] ? sums.values[k] : NAN;
    }
    if (a.gradients == nullptr) return;
    const float classification = weights[0] / static_cast<float>(a.rows);
    for (int head = 0; head < a.heads; ++head)
        write_gradients<sinkhorn>(a, head, classification,
                                  head == 0 ? weights[1] : -weights[2] * sums.values[2]);
    if (threadIdx.x != 0 || a.sigma == nullptr) return;
    float* grad_sigma = a.gradients + a.heads * a.rows * 2;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        const float s = a.sigma[k];
        grad_sigma[k] = a.on[k] ? 2.0f * s / (1.0f + s * s) - sums.values[k] / (s * s * s) : 0.0f;
    }
}

__global__ void __launch_bounds__(threads) objective_kernel(Arguments a) {
    combine<false>(a);
}

__global__ void __launch_bounds__(threads, 1) sinkhorn_objective_kernel(Arguments a) {
    const SinkhornProblem problem = a.problem_of(blockIdx.x);
    const int head = a.head_of(static_cast<int>(blockIdx.x));
    for (int64_t i = threadIdx.x; i < a.rows; i += threads)
        detail::set_point(problem, i, static_cast<double>(a.difference(1, i)) * problem.scale,
                          static_cast<double>(a.difference(head, i)) * problem.scale);
    __syncthreads();
    solve_sinkhorn<threads>(problem);

    if (is_last_to_arrive(a.finished, gridDim.x)) combine<true>(a);
}

template <class T>
const T* pointer(const Tensor& tensor) {
    return tensor.defined() ? tensor.data<T>() : nullptr;
}

void forward(const Tensor& global_logits, const std::vector<Tensor>& logits, const ObjectiveTargets& targets,
             const Tensor& sigma, const InformationObjectiveParams& params, Tensor& terms,
             Tensor& gradients) {
    if (global_logits.dtype() != DType::f32)
        detail::no_kernel(information_objective_forward.name(), global_logits);
    Arguments a = {};
    a.heads = static_cast<int>(logits.size());
    for (size_t h = 0; h < logits.size(); ++h) a.logits[h] = logits[h].data<float>();
    a.rows = global_logits.dim(0);
    a.labels = pointer<int64_t>(targets.labels);
    a.mixed_labels = pointer<int64_t>(targets.mixed_labels);
    a.lambda = pointer<float>(targets.lambda);
    a.sigma = pointer<float>(sigma);
    std::copy(params.weights.begin(), params.weights.end(), a.weights);
    a.scale = static_cast<float>(1.0 / params.temperature);
    a.on[0] = true;
    a.on[1] = params.global_information;
    a.on[2] = params.local_information;
    a.terms = terms.data<float>();
    a.gradients = gradients.defined() ? gradients.data<float>() : nullptr;
    const int divergences = (a.on[1] ? 1 : 0) + (a.on[2] ? a.heads - 2 : 0);
    const Stream stream = stream_of(global_logits);
    if (params.divergence == FusedDivergence::kl || divergences == 0) {
        UNMASK_LAUNCH(objective_kernel, 1, threads, 0, stream, a);
        return;
    }
    a.problem.points = a.rows;
    a.problem.epsilon = params.sinkhorn.epsilon;
    a.problem.threshold = params.sinkhorn.threshold;
    a.problem.log_marginal = std::log(1.0 / static_cast<double>(a.rows) + 1e-8);
    a.problem.max_iterations = params.sinkhorn.max_iterations;
    a.problem.gradient = gradients.defined();
    a.problem.scale = 1.0 / params.temperature;
    a.workspace_size = SinkhornProblem::size(a.rows, a.problem.max_iterations, a.problem.gradient);
    const Tensor workspace =
        Tensor::empty({divergences, a.workspace_size}, DType::f64, global_logits.device());
    a.workspace = workspace.data<double>();
    a.finished = arrival_counters(global_logits);
    UNMASK_LAUNCH(sinkhorn_objective_kernel, divergences, threads, 0, stream, a);
}

const KernelEntry forward_entry{information_objective_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
