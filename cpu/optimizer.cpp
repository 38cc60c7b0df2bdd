// SPDX-License-Identifier: Apache-2.0
// One pass over flat buffers for each optimizer step.
#include "engine/optimizer.h"

#include <cmath>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "engine/ops/cast.h"

namespace unmask {
namespace {

// Whether the guard, where there is one, allows the update.
bool may_update(const UpdateOperands& operands) {
    return !operands.guard.defined() || std::isfinite(operands.guard.item());
}

// What follows the new values.
void finish(const Tensor& gradient, const Tensor& value, const UpdateOperands& operands) {
    if (operands.copy.defined()) {
        Tensor copy = operands.copy;
        cast_forward(value, copy);
    }
    if (operands.clear_gradients) Tensor(gradient).fill_zero();
}

// m = β1·m + (1 - β1)·g, v = β2·v + (1 - β2)·g², value -= lr / (1 - β1^t) · m / (sqrt(v / (1 - β2^t)) + eps).
void adam(const Tensor& gradient, Tensor& value, Tensor& first_moment, Tensor& second_moment,
          const UpdateOperands& operands, const AdamParams& params) {
    if (!may_update(operands)) return finish(gradient, value, operands);
    dispatch_floating(adam_step.name(), gradient, [&](auto zero) {
        using T = decltype(zero);
        const T* g = gradient.data<T>();
        T *parameter = value.data<T>(), *first = first_moment.data<T>(), *second = second_moment.data<T>();
        const T step_size = static_cast<T>(operands.factors.data<double>()[0]);
        const T root_scale = static_cast<T>(operands.factors.data<double>()[1]);
        const T beta1 = static_cast<T>(params.beta1), rest1 = static_cast<T>(1.0 - params.beta1);
        const T beta2 = static_cast<T>(params.beta2), rest2 = static_cast<T>(1.0 - params.beta2);
        const T decay = static_cast<T>(params.weight_decay), eps = static_cast<T>(params.eps);
        parallel_for(gradient.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) {
                const T slope = g[i] + decay * parameter[i];
                const T m = beta1 * first[i] + rest1 * slope;
                const T v = beta2 * second[i] + rest2 * slope * slope;
                first[i] = m;
                second[i] = v;
                parameter[i] -= step_size * m / (std::sqrt(v) * root_scale + eps);
            }
        });
    });
    finish(gradient, value, operands);
}

// v = momentum·v + g (v = g in the first step), value -= lr · v, or lr · (g + momentum·v) by Nesterov.
void sgd(const Tensor& gradient, Tensor& value, Tensor& velocity, const UpdateOperands& operands,
         const SgdParams& params) {
    if (!may_update(operands)) return finish(gradient, value, operands);
    dispatch_floating(sgd_step.name(), gradient, [&](auto zero) {
        using T = decltype(zero);
        const T* g = gradient.data<T>();
        T* parameter = value.data<T>();
        const T rate = static_cast<T>(operands.factors.data<double>()[0]);
        const T kept = static_cast<T>(operands.factors.data<double>()[1]);
        const T decay = static_cast<T>(params.weight_decay);
        if (params.momentum == 0.0 || !velocity.defined()) {
            return parallel_for(gradient.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
                for (int64_t i = begin; i < end; ++i) parameter[i] -= rate * (g[i] + decay * parameter[i]);
            });
        }
        T* speed = velocity.data<T>();
        const T ahead = params.nesterov ? static_cast<T>(params.momentum) : T(1);
        const T direct = params.nesterov ? T(1) : T(0);
        parallel_for(gradient.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) {
                const T slope = g[i] + decay * parameter[i];
                const T v = kept * speed[i] + slope;
                speed[i] = v;
                parameter[i] -= rate * (ahead * v + direct * slope);
            }
        });
    });
    finish(gradient, value, operands);
}

const KernelEntry adam_entry{adam_step, Backend::portable, &adam};
const KernelEntry sgd_entry{sgd_step, Backend::portable, &sgd};

}  // namespace
}  // namespace unmask
