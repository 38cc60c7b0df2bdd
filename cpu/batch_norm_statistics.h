// SPDX-License-Identifier: Apache-2.0
// The statistics that batch norm normalises by on the CPU: of the batch, in float64 and merged in a fixed
// order (Chan, Golub and LeVeque, 1979), or the running ones.
#pragma once

#include <algorithm>
#include <cmath>

#include "cpu/channel_sums.h"
#include "engine/ops/batch_norm.h"

namespace unmask {

// Values of a channel.
inline int64_t row_count(const Tensor& x) {
    return x.numel() / std::max<int64_t>(x.dim(-1), 1);
}

// moments [parts][2][C], means and sums of squared deviations of `rows_of(part)` rows each: merges them in
// order into the first.
template <class Rows>
void merge_moments(double* moments, int64_t parts, int64_t channels, Rows rows_of) {
    for (int64_t c = 0; c < channels; ++c) {
        double centre = moments[c], squares = moments[channels + c];
        auto before = static_cast<double>(rows_of(0));
        for (int64_t part = 1; part < parts; ++part) {
            const double* other = moments + part * 2 * channels + c;
            const auto here = static_cast<double>(rows_of(part));
            const double delta = other[0] - centre, weight = here / (before + here);
            centre += delta * weight;
            squares += other[channels] + delta * delta * before * weight;
            before += here;
        }
        moments[c] = centre;
        moments[channels + c] = squares;
    }
}

// [2][C], of the rows of all ranks.
template <class T>
Tensor batch_moments(const Tensor& x, const BatchNormParams& params) {
    const int64_t rows = row_count(x), channels = x.dim(-1);
    const ChannelParts parts(rows, channels);
    const Tensor scratch = Tensor::empty({parts.parts(), 2, channels}, DType::f64);
    double* moments = scratch.data<double>();
    parts.run([&](int64_t row, int64_t count, int64_t channel, int64_t width, int64_t part) {
        double* mean = moments + part * 2 * channels + channel;
        channel_moments(x.data<T>() + row * channels + channel, channels, count, width, mean,
                        mean + channels);
    });
    merge_moments(moments, parts.parts(), channels, [&](int64_t part) { return parts.part_rows(part); });
    Tensor own = scratch.rows(0, 1);
    if (params.ranks() == 1) return own;
    Tensor all = Tensor::empty({params.ranks(), 2, channels}, DType::f64);
    params.communicator->all_gather(own, all);
    merge_moments(all.data<double>(), params.ranks(), channels, [&](int64_t) { return rows; });
    return all.rows(0, 1);
}

// Moves the running statistics and fills the saved ones.
template <class T>
void batch_statistics(const Tensor& x, BatchNormGroup& state, const BatchNormParams& params) {
    const int64_t rows = row_count(x) * params.ranks(), channels = x.dim(-1);
    const Tensor memory = batch_moments<T>(x, params);
    const double* moments = memory.data<double>();
    T *mean = state.saved_mean.data<T>(), *inverse = state.saved_inverse_deviation.data<T>();
    T *running_mean = state.running_mean.data<T>(), *running_variance = state.running_variance.data<T>();
    const double total = static_cast<double>(rows), kept = 1.0 - params.momentum;
    const double unbiased = total / std::max(total - 1.0, 1.0);
    for (int64_t c = 0; c < channels; ++c) {
        const double centre = moments[c], variance = moments[channels + c] / total;
        mean[c] = static_cast<T>(centre);
        inverse[c] = static_cast<T>(1.0 / std::sqrt(variance + params.eps));
        running_mean[c] =
            static_cast<T>(kept * static_cast<double>(running_mean[c]) + params.momentum * centre);
        running_variance[c] = static_cast<T>(kept * static_cast<double>(running_variance[c]) +
                                             params.momentum * variance * unbiased);
    }
}

// Fills the saved statistics from the running ones.
template <class T>
void running_statistics(BatchNormGroup& state, const BatchNormParams& params) {
    state.saved_mean.copy_from(state.running_mean);
    const T* variance = state.running_variance.data<T>();
    T* inverse = state.saved_inverse_deviation.data<T>();
    for (int64_t c = 0; c < state.running_variance.numel(); ++c)
        inverse[c] = static_cast<T>(1.0 / std::sqrt(static_cast<double>(variance[c]) + params.eps));
}

}  // namespace unmask
