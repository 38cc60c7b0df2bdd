// SPDX-License-Identifier: Apache-2.0
// Bilinear resize: a pair of neighbours with weights for each output row and column. The gradient gathers,
// for each input pixel, from the outputs that read it, so that no two threads write one place.
#include "engine/ops/resize.h"

#include <algorithm>
#include <vector>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

struct Neighbours {
    int64_t low, high;
    double low_weight, high_weight;
};

std::vector<Neighbours> neighbours(int64_t inputs, int64_t outputs) {
    std::vector<Neighbours> result;
    const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
    for (int64_t i = 0; i < outputs; ++i) {
        const double place = std::max((static_cast<double>(i) + 0.5) * scale - 0.5, 0.0);
        const int64_t low = std::min(static_cast<int64_t>(place), inputs - 1);
        const int64_t high = std::min(low + 1, inputs - 1);
        const double weight = place - static_cast<double>(low);
        result.push_back({low, high, 1.0 - weight, weight});
    }
    return result;
}

struct Reader {
    int64_t output;
    double weight;
};

// For each input the outputs that read it, in order.
std::vector<std::vector<Reader>> readers(int64_t inputs, int64_t outputs) {
    std::vector<std::vector<Reader>> result(static_cast<size_t>(inputs));
    const auto pairs = neighbours(inputs, outputs);
    for (int64_t i = 0; i < outputs; ++i) {
        const Neighbours& pair = pairs[static_cast<size_t>(i)];
        result[static_cast<size_t>(pair.low)].push_back({i, pair.low_weight});
        if (pair.high_weight > 0) result[static_cast<size_t>(pair.high)].push_back({i, pair.high_weight});
    }
    return result;
}

template <class T>
void run_forward(const Tensor& x, Tensor& y) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    const int64_t out_height = y.dim(1), out_width = y.dim(2);
    const auto rows = neighbours(height, out_height), columns = neighbours(width, out_width);
    parallel_rows(y.dim(0) * out_height, out_width * channels, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
            const Neighbours& row = rows[static_cast<size_t>(line % out_height)];
            const T* image = x.data<T>() + line / out_height * height * width * channels;
            const T* upper = image + row.low * width * channels;
            const T* lower = image + row.high * width * channels;
            T* out = y.data<T>() + line * out_width * channels;
            for (int64_t j = 0; j < out_width; ++j, out += channels) {
                const Neighbours& column = columns[static_cast<size_t>(j)];
                const T upper_left = static_cast<T>(row.low_weight * column.low_weight);
                const T upper_right = static_cast<T>(row.low_weight * column.high_weight);
                const T lower_left = static_cast<T>(row.high_weight * column.low_weight);
                const T lower_right = static_cast<T>(row.high_weight * column.high_weight);
                const int64_t left = column.low * channels, right = column.high * channels;
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c)
                    out[c] = upper_left * upper[left + c] + upper_right * upper[right + c] +
                             lower_left * lower[left + c] + lower_right * lower[right + c];
            }
        }
    });
}

template <class T>
void run_backward(const Tensor& grad_y, Tensor& grad_x) {
    const int64_t height = grad_x.dim(1), width = grad_x.dim(2), channels = grad_x.dim(3);
    const int64_t out_height = grad_y.dim(1), out_width = grad_y.dim(2);
    const auto row_readers = readers(height, out_height), column_readers = readers(width, out_width);
    parallel_rows(grad_x.dim(0) * height, width * channels, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
            const T* image = grad_y.data<T>() + line / height * out_height * out_width * channels;
            T* out = grad_x.data<T>() + line * width * channels;
            for (int64_t column = 0; column < width; ++column, out += channels) {
                std::fill_n(out, channels, T(0));
                for (const Reader& row : row_readers[static_cast<size_t>(line % height)])
                    for (const Reader& reader : column_readers[static_cast<size_t>(column)]) {
                        const T* from = image + (row.output * out_width + reader.output) * channels;
                        const T weight = static_cast<T>(row.weight * reader.weight);
#pragma omp simd
                        for (int64_t c = 0; c < channels; ++c) out[c] += weight * from[c];
                    }
            }
        }
    });
}

void forward(const Tensor& x, Tensor& y) {
    if (y.numel() == 0) return;
    dispatch_floating(resize_bilinear_forward.name(), x,
                      [&](auto zero) { run_forward<decltype(zero)>(x, y); });
}

void backward(const Tensor& grad_y, Tensor& grad_x) {
    if (grad_x.numel() == 0) return;
    dispatch_floating(resize_bilinear_backward.name(), grad_y,
                      [&](auto zero) { run_backward<decltype(zero)>(grad_y, grad_x); });
}

const KernelEntry forward_entry{resize_bilinear_forward, Backend::portable, &forward};
const KernelEntry backward_entry{resize_bilinear_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
