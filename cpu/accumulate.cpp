// SPDX-License-Identifier: Apache-2.0
// Gradients added to where they are kept, and averages moved.
#include "engine/ops/accumulate.h"

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

template <class From, class To>
void add(const From* gradient, To* target, int64_t count) {
    parallel_for(count, elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) target[i] += static_cast<To>(gradient[i]);
    });
}

void accumulate(const Tensor& first, const std::vector<Accumulation>& parts) {
    dispatch_floating(accumulate_gradients.name(), first, [&](auto zero) {
        using T = decltype(zero);
        for (const Accumulation& part : parts) {
            T* target = part.target.data<T>();
            if (part.gradient.dtype() != DType::bf16) {
                add(part.gradient.data<T>(), target, part.target.numel());
            } else if constexpr (std::is_same_v<T, float>) {
                const BFloat16* gradient = part.gradient.data<BFloat16>();
                for (int64_t i = 0; i < part.target.numel(); ++i)
                    target[i] += static_cast<float>(gradient[i]);
            }
        }
    });
}

void move(const Tensor& share, const std::vector<MovedAverage>& parts) {
    const float factor = *share.data<float>();
    for (const MovedAverage& part : parts) {
        const float* value = part.value.data<float>();
        float* average = part.average.data<float>();
        parallel_for(part.average.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) average[i] += factor * (value[i] - average[i]);
        });
    }
}

const KernelEntry accumulate_entry{accumulate_gradients, Backend::portable, &accumulate};
const KernelEntry move_entry{move_averages, Backend::portable, &move};

}  // namespace
}  // namespace unmask
