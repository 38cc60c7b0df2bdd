// SPDX-License-Identifier: Apache-2.0
// The heads over all branches and over all but one: loops over the rows of z, and over its columns for the
// parameters' gradients.
#include "engine/ops/leave_one_out_linear.h"

#include <algorithm>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

// One class of one head: its weights from `first` on belong to z's columns from `first` on, those from
// gap.begin on to the columns from gap.end on.
template <class T>
struct Row {
    const T* weight;
    LeftOut gap;
    int64_t features;

    [[nodiscard]] T product(const T* z) const {
        T sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < gap.begin; ++k) sum += z[k] * weight[k];
        const T* behind = weight + gap.begin - gap.end;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = gap.end; k < features; ++k) sum += z[k] * behind[k];
        return sum;
    }
    // out += factor · weights, in z's columns.
    void add_to(T* out, T factor) const {
#pragma omp simd
        for (int64_t k = 0; k < gap.begin; ++k) out[k] += factor * weight[k];
        const T* behind = weight + gap.begin - gap.end;
#pragma omp simd
        for (int64_t k = gap.end; k < features; ++k) out[k] += factor * behind[k];
    }
};

template <class T>
Row<T> row_of(const std::vector<Tensor>& weights, int64_t head, int64_t c, int64_t features) {
    const Tensor& weight = weights[static_cast<size_t>(head)];
    return {weight.data<T>() + c * weight.dim(1),
            left_out(head, static_cast<int64_t>(weights.size()), features), features};
}

void forward(const Tensor& z, const std::vector<Tensor>& weights, const std::vector<Tensor>& biases,
             Tensor& y) {
    dispatch_floating(leave_one_out_linear_forward.name(), z, [&](auto zero) {
        using T = decltype(zero);
        const int64_t rows = y.dim(1), classes = y.dim(2), features = z.dim(1);
        parallel_rows(rows, features * y.dim(0) * classes, [&](int64_t begin, int64_t end) {
            for (int64_t h = 0; h < y.dim(0); ++h)
                for (int64_t c = 0; c < classes; ++c) {
                    const Row<T> row = row_of<T>(weights, h, c, features);
                    const T bias = biases[static_cast<size_t>(h)].data<T>()[c];
                    for (int64_t r = begin; r < end; ++r)
                        y.data<T>()[(h * rows + r) * classes + c] =
                            row.product(z.data<T>() + r * features) + bias;
                }
        });
    });
}

template <class T>
void input_gradient(const Tensor& grad_y, const std::vector<Tensor>& weights, Tensor& grad_z) {
    const int64_t heads = grad_y.dim(0), rows = grad_y.dim(1), classes = grad_y.dim(2),
                  features = grad_z.dim(1);
    parallel_rows(rows, features * heads * classes, [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
            T* out = grad_z.data<T>() + r * features;
            std::fill_n(out, features, T(0));
            for (int64_t h = 0; h < heads; ++h)
                for (int64_t c = 0; c < classes; ++c)
                    row_of<T>(weights, h, c, features)
                        .add_to(out, grad_y.data<T>()[(h * rows + r) * classes + c]);
        }
    });
}

// out = Σ_r gradient[r · pitch] · z[r], over z's columns [begin, end).
template <class T>
void sum_rows(const T* gradient, int64_t pitch, const Tensor& z, int64_t begin, int64_t end, T* out) {
    const int64_t features = z.dim(1);
    std::fill_n(out, end - begin, T(0));
    for (int64_t r = 0; r < z.dim(0); ++r) {
        const T factor = gradient[r * pitch];
        const T* row = z.data<T>() + r * features + begin;
#pragma omp simd
        for (int64_t k = 0; k < end - begin; ++k) out[k] += factor * row[k];
    }
}

template <class T>
void parameter_gradients(const Tensor& grad_y, const Tensor& z, Tensor& grad_parameters) {
    const int64_t heads = grad_y.dim(0), rows = grad_y.dim(1), classes = grad_y.dim(2), features = z.dim(1);
    const LeftOut last = left_out(heads - 1, heads, features);
    const int64_t narrow = features - (last.end - last.begin);  // columns of a leave-one-out head's weight
    parallel_for(heads * classes, 1, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t h = task / classes, c = task % classes, width = h == 0 ? features : narrow;
            T* parameters = grad_parameters.data<T>() +
                            (h == 0 ? 0 : classes * (features + 1) + (h - 1) * classes * (narrow + 1));
            const T* gradient = grad_y.data<T>() + h * rows * classes + c;
            const LeftOut gap = left_out(h, heads, features);
            T* out = parameters + c * width;
            sum_rows(gradient, classes, z, 0, gap.begin, out);
            sum_rows(gradient, classes, z, gap.end, features, out + gap.begin);
            T sum = 0;
            for (int64_t r = 0; r < rows; ++r) sum += gradient[r * classes];
            parameters[classes * width + c] = sum;
        }
    });
}

void backward(const Tensor& grad_y, const Tensor& z, const std::vector<Tensor>& weights, Tensor& grad_z,
              Tensor& grad_parameters) {
    dispatch_floating(leave_one_out_linear_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        if (grad_z.defined()) input_gradient<T>(grad_y, weights, grad_z);
        if (grad_parameters.defined()) parameter_gradients<T>(grad_y, z, grad_parameters);
    });
}

const KernelEntry forward_entry{leave_one_out_linear_forward, Backend::portable, &forward};
const KernelEntry backward_entry{leave_one_out_linear_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
