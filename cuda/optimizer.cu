// SPDX-License-Identifier: Apache-2.0
// Optimizer steps in one pass over the flat buffers: Adam reads gradient, value and both moments and writes
// value and moments (and the copy and zeros for the gradient), 16 bytes an access; SGD likewise.
#include "engine/optimizer.h"

#include "cuda/device.cuh"

namespace unmask {
namespace {

// What every update has besides its rule.
struct Update {
    const double* factors;
    const float* guard;  // null: none
    float *gradient, *value;
    bool clear;

    Update(const Tensor& gradients, Tensor& values, const UpdateOperands& operands)
        : factors(operands.factors.data<double>()),
          guard(operands.guard.defined() ? operands.guard.data<float>() : nullptr),
          gradient(gradients.data<float>()),
          value(values.data<float>()),
          clear(operands.clear_gradients) {}
    [[nodiscard]] bool aligned() const { return is_aligned(gradient, 16) && is_aligned(value, 16); }
    // Infinities and NaN have all bits of the exponent.
    __device__ bool forbidden() const {
        return guard != nullptr && (__float_as_uint(*guard) & 0x7F800000u) == 0x7F800000u;
    }
};

struct AdamRule {
    static constexpr int states = 2;
    float *first, *second;
    float beta1, rest1, beta2, rest2, decay, eps;

    [[nodiscard]] bool aligned() const { return is_aligned(first, 16) && is_aligned(second, 16); }
    __device__ float* state(int i) const { return i == 0 ? first : second; }
    // The new value; moves the states along.
    __device__ float step(float rate, float root_scale, float g, float value, float& m, float& v) const {
        const float slope = g + decay * value;
        m = beta1 * m + rest1 * slope;
        v = beta2 * v + rest2 * slope * slope;
        return value - rate * m / (sqrtf(v) * root_scale + eps);
    }
};

// ahead and direct: 1 and 0, by Nesterov the momentum and 1.
template <bool with_velocity>
struct SgdRule {
    static constexpr int states = with_velocity ? 1 : 0;
    float* velocity;
    float decay, ahead, direct;

    [[nodiscard]] bool aligned() const { return is_aligned(velocity, 16); }
    __device__ float* state(int) const { return velocity; }
    __device__ float step(float rate, float kept, float g, float value, float& v, float&) const {
        const float slope = g + decay * value;
        if constexpr (!with_velocity) return value - rate * slope;
        v = kept * v + slope;
        return value - rate * (ahead * v + direct * slope);
    }
};

template <int N, class Rule, class Copy>
__device__ void update_pack(const Update& update, const Rule& rule, Copy* copy, bool allowed, float factor0,
                            float factor1, int64_t first) {
    Pack<float, N> value = load_pack<N>(update.value + first);
    if (allowed) {
        const Pack<float, N> gradient = load_pack<N>(update.gradient + first);
        Pack<float, N> a{}, b{};
        if constexpr (Rule::states > 0) a = load_pack<N>(rule.state(0) + first);
        if constexpr (Rule::states > 1) b = load_pack<N>(rule.state(1) + first);
#pragma unroll
        for (int i = 0; i < N; ++i) value[i] = rule.step(factor0, factor1, gradient[i], value[i], a[i], b[i]);
        if constexpr (Rule::states > 0) store_pack<N>(rule.state(0) + first, a);
        if constexpr (Rule::states > 1) store_pack<N>(rule.state(1) + first, b);
        store_pack<N>(update.value + first, value);
    }
    if (update.clear) store_pack<N>(update.gradient + first, Pack<float, N>{});
    if (copy == nullptr) return;
    Pack<Copy, N> rounded;
#pragma unroll
    for (int i = 0; i < N; ++i) rounded[i] = from_float<Copy>(value[i]);
    store_pack<N>(copy + first, rounded);
}

template <int N, class Rule, class Copy>
__global__ void __launch_bounds__(block_threads)
    update_kernel(int64_t count, Update update, Rule rule, Copy* copy) {
    const bool allowed = !update.forbidden();
    const int64_t first = global_thread() * N;
    const auto factor0 = static_cast<float>(update.factors[0]),
               factor1 = static_cast<float>(update.factors[1]);
    if (first + N <= count)
        update_pack<N>(update, rule, copy, allowed, factor0, factor1, first);
    else
        for (int64_t i = first; i < count; ++i)
            update_pack<1>(update, rule, copy, allowed, factor0, factor1, i);
}

template <class Rule, class Copy>
void launch(const Tensor& gradient, const Update& update, const Rule& rule, Copy* copy) {
    const int64_t count = gradient.numel();
    if (count == 0) return;
    if (update.aligned() && rule.aligned() && is_aligned(copy, 4 * sizeof(Copy)))
        UNMASK_LAUNCH((update_kernel<4, Rule, Copy>), blocks_for(count, 4 * block_threads), block_threads, 0,
                      stream_of(gradient), count, update, rule, copy);
    else
        UNMASK_LAUNCH((update_kernel<1, Rule, Copy>), blocks_for(count, block_threads), block_threads, 0,
                      stream_of(gradient), count, update, rule, copy);
}

void check_parameters(const char* kernel, const Tensor& gradient) {
    if (gradient.dtype() != DType::f32)
        fail("{}: expected parameters as f32 on a GPU, found {}", kernel, name_of(gradient.dtype()));
}

template <class Rule>
void run(const char* kernel, const Tensor& gradient, Tensor& value, const UpdateOperands& operands,
         const Rule& rule) {
    const Update update(gradient, value, operands);
    if (!operands.copy.defined()) return launch(gradient, update, rule, static_cast<BFloat16*>(nullptr));
    dispatch_storage(kernel, operands.copy, [&](auto zero) {
        launch(gradient, update, rule, operands.copy.data<decltype(zero)>());
    });
}

void adam(const Tensor& gradient, Tensor& value, Tensor& first_moment, Tensor& second_moment,
          const UpdateOperands& operands, const AdamParams& params) {
    check_parameters(adam_step.name(), gradient);
    run(adam_step.name(), gradient, value, operands,
        AdamRule{first_moment.data<float>(), second_moment.data<float>(), static_cast<float>(params.beta1),
                 static_cast<float>(1.0 - params.beta1), static_cast<float>(params.beta2),
                 static_cast<float>(1.0 - params.beta2), static_cast<float>(params.weight_decay),
                 static_cast<float>(params.eps)});
}

void sgd(const Tensor& gradient, Tensor& value, Tensor& velocity, const UpdateOperands& operands,
         const SgdParams& params) {
    check_parameters(sgd_step.name(), gradient);
    const auto decay = static_cast<float>(params.weight_decay);
    if (params.momentum == 0.0 || !velocity.defined())
        return run(sgd_step.name(), gradient, value, operands, SgdRule<false>{nullptr, decay, 0.0f, 0.0f});
    run(sgd_step.name(), gradient, value, operands,
        SgdRule<true>{velocity.data<float>(), decay,
                      params.nesterov ? static_cast<float>(params.momentum) : 1.0f,
                      params.nesterov ? 1.0f : 0.0f});
}

const KernelEntry adam_entry{adam_step, Backend::cuda, &adam};
const KernelEntry sgd_entry{sgd_step, Backend::cuda, &sgd};

}  // namespace
}  // namespace unmask
