// SPDX-License-Identifier: Apache-2.0
// The groups of a batch norm on the CPU: kernels take them as one norm, whose parts are copied back.
#pragma once

#include "engine/ops/batch_norm.h"

namespace unmask {

// The norms of all groups as one, [C] each.
inline BatchNormGroup gathered(const BatchNormBranch& state) {
    if (state.groups.size() == 1) return state.groups[0];
    constexpr Tensor BatchNormGroup::*parts[] = {
        &BatchNormGroup::weight,       &BatchNormGroup::bias,
        &BatchNormGroup::running_mean, &BatchNormGroup::running_variance,
        &BatchNormGroup::saved_mean,   &BatchNormGroup::saved_inverse_deviation};
    BatchNormGroup all;
    const auto count = static_cast<int64_t>(state.groups.size());
    for (const auto part : parts) {
        const Tensor& first = state.groups[0].*part;
        all.*part = Tensor::empty({count, first.numel()}, first.dtype());
        for (int64_t i = 0; i < count; ++i)
            (all.*part)
                .rows(i, i + 1)
                .reshape(first.shape())
                .copy_from(state.groups[static_cast<size_t>(i)].*part);
        all.*part = (all.*part).reshape({count * first.numel()});
    }
    return all;
}

// Part `index` of `count` equal ones.
inline Tensor part_of(const Tensor& whole, size_t index, size_t count) {
    const int64_t size = whole.numel() / static_cast<int64_t>(count),
                  begin = static_cast<int64_t>(index) * size;
    return whole.rows(begin, begin + size);
}

// What forward changed, back into the groups.
inline void scatter(const BatchNormGroup& all, BatchNormBranch& state) {
    const size_t count = state.groups.size();
    if (count == 1) return;
    for (size_t i = 0; i < count; ++i) {
        BatchNormGroup& group = state.groups[i];
        group.running_mean.copy_from(part_of(all.running_mean, i, count));
        group.running_variance.copy_from(part_of(all.running_variance, i, count));
        group.saved_mean.copy_from(part_of(all.saved_mean, i, count));
        group.saved_inverse_deviation.copy_from(part_of(all.saved_inverse_deviation, i, count));
    }
}

// (x - mean) · scale + bias of each channel, in loops over channels.
template <class T>
struct NormOfChannels {
    const T *mean, *scale, *bias;
    [[nodiscard]] T operator()(T x, int64_t c) const { return (x - mean[c]) * scale[c] + bias[c]; }
};

// The same with what it points to, by the statistics that forward saved.
template <class T>
class ChannelNorms {
  public:
    explicit ChannelNorms(const BatchNormGroup& all) : all_(all), scale_(Tensor::empty_like(all.weight)) {
        for (int64_t c = 0; c < scale_.numel(); ++c)
            scale_.data<T>()[c] = all.weight.data<T>()[c] * all.saved_inverse_deviation.data<T>()[c];
    }
    operator NormOfChannels<T>() const {  // NOLINT(google-explicit-constructor): a view
        return {all_.saved_mean.data<T>(), scale_.data<T>(), all_.bias.data<T>()};
    }

  private:
    BatchNormGroup all_;
    Tensor scale_;
};

}  // namespace unmask
