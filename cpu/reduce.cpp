// SPDX-License-Identifier: Apache-2.0
// Reductions: float runs of at most 64 rows or one segment, which float64 totals add up in order.
#include "engine/ops/reduce.h"

#include <array>
#include <limits>

#include "cpu/broadcast.h"
#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/reduction.h"
#include "cpu/simd.h"

namespace unmask {
namespace {

struct Sum {
    static constexpr double identity = 0.0;
    template <class T>
    static T combine(T a, T b) {
        return a + b;
    }
    // 32 sums side by side, then one after the other: as precise without vector instructions.
    template <class T>
    static T fold(const T* x, int64_t count) {
        using Vectors = Simd<T>;
        constexpr int width = 32, vectors = width / Vectors::lanes;
        typename Vectors::Vector sums[vectors] = {};
        int64_t i = 0;
        for (; i + width <= count; i += width)
            for (int v = 0; v < vectors; ++v) sums[v] += Vectors::at(x + i + v * Vectors::lanes);
        T result = 0;
        for (; i < count; ++i) result += x[i];
        for (const auto& sum : sums)
            for (int lane = 0; lane < Vectors::lanes; ++lane) result += sum[lane];
        return result;
    }
};

struct Max {
    static constexpr double identity = -std::numeric_limits<double>::infinity();
    template <class T>
    static T combine(T a, T b) {
        return b > a || b != b ? b : a;
    }
    template <class T>
    static T fold(const T* x, int64_t count) {
        T result = -std::numeric_limits<T>::infinity();
        for (int64_t i = 0; i < count; ++i) result = combine(result, x[i]);
        return result;
    }
};

constexpr int64_t run_rows = 64;

// The items [begin, end) of a unit, folded into totals.
template <class Op, class T>
void fold_items(const Reduction& reduction, const T* x, int64_t unit, int64_t begin, int64_t end,
                double* totals) {
    const int64_t width = reduction.outputs(unit).length;
    std::fill_n(totals, width, Op::identity);
    if (reduction.inner_reduced()) {
        for (int64_t item = begin; item < end; ++item) {
            const Reduction::Run run = reduction.inputs(unit, item);
            totals[0] = Op::combine(totals[0], static_cast<double>(Op::fold(x + run.offset, run.length)));
        }
        return;
    }
    std::array<T, Reduction::block> partial;
    for (int64_t start = begin; start < end; start += run_rows) {
        std::fill_n(partial.data(), width, static_cast<T>(Op::identity));
        for (int64_t item = start; item < std::min(end, start + run_rows); ++item) {
            const T* row = x + reduction.inputs(unit, item).offset;
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) partial[i] = Op::combine(partial[i], row[i]);
        }
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            totals[i] = Op::combine(totals[i], static_cast<double>(partial[i]));
    }
}

// Few units with many items are cut into parts of their items; how, depends on the shapes alone.
template <class Op, class T>
void reduce(const Tensor& x, Tensor& y, double scale) {
    const Reduction reduction(x.shape(), y.shape());
    const T* in = x.data<T>();
    T* out = y.data<T>();
    const int64_t units = reduction.units(), items = reduction.items();
    const int64_t unit_elements = items * reduction.item_length();
    const int64_t most_parts = std::max<int64_t>(64 / std::max<int64_t>(units, 1), 1);
    const int64_t parts = std::clamp<int64_t>(unit_elements / elementwise_grain, 1, most_parts);
    const int64_t part_items = (items + parts - 1) / parts;

    const auto finish = [&](int64_t unit, const double* totals) {
        const Reduction::Run run = reduction.outputs(unit);
        for (int64_t i = 0; i < run.length; ++i) out[run.offset + i] = static_cast<T>(totals[i] * scale);
    };
    if (parts == 1) {
        parallel_rows(units, unit_elements, [&](int64_t begin, int64_t end) {
            std::array<double, Reduction::block> totals;
            for (int64_t unit = begin; unit < end; ++unit) {
                fold_items<Op>(reduction, in, unit, 0, items, totals.data());
                finish(unit, totals.data());
            }
        });
        return;
    }
    const int64_t width = reduction.inner_reduced() ? 1 : reduction.item_length();
    const Tensor scratch = Tensor::empty({units * parts * width}, DType::f64);
    double* partials = scratch.data<double>();
    parallel_for(units * parts, 1, [&](int64_t task, int64_t) {
        const int64_t begin = task % parts * part_items;
        fold_items<Op>(reduction, in, task / parts, begin, std::min(items, begin + part_items),
                       partials + task * width);
    });
    for (int64_t unit = 0; unit < units; ++unit) {
        double* totals = partials + unit * parts * width;
        const int64_t length = reduction.outputs(unit).length;
        for (int64_t part = 1; part < parts; ++part)
            for (int64_t i = 0; i < length; ++i) totals[i] = Op::combine(totals[i], totals[part * width + i]);
        finish(unit, totals);
    }
}

void forward(const Tensor& x, Tensor& y, ReduceOp op) {
    if (y.numel() == 0) return;
    dispatch_floating(reduce_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const double count = static_cast<double>(x.numel()) / static_cast<double>(y.numel());
        switch (op) {
            case ReduceOp::sum:
                return reduce<Sum, T>(x, y, 1.0);
            case ReduceOp::mean:
                return reduce<Sum, T>(x, y, 1.0 / count);
            case ReduceOp::max:
                return reduce<Max, T>(x, y, 1.0);
        }
    });
}

template <class T>
void route_to_maximum(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x) {
    const Reduction reduction(x.shape(), y.shape());
    const T *gradient = grad_y.data<T>(), *in = x.data<T>(), *largest = y.data<T>();
    T* out = grad_x.data<T>();
    parallel_rows(
        reduction.units(), reduction.items() * reduction.item_length(), [&](int64_t begin, int64_t end) {
            std::array<uint8_t, Reduction::block> found;
            for (int64_t unit = begin; unit < end; ++unit) {
                const Reduction::Run outputs = reduction.outputs(unit);
                const int64_t step = reduction.inner_reduced() ? 0 : 1;
                std::fill_n(found.data(), outputs.length, uint8_t{0});
                for (int64_t item = 0; item < reduction.items(); ++item) {
                    const Reduction::Run run = reduction.inputs(unit, item);
                    for (int64_t i = 0; i < run.length; ++i) {
                        const int64_t place = outputs.offset + i * step;
                        const bool hit = found[i * step] == 0 && in[run.offset + i] == largest[place];
                        found[i * step] |= static_cast<uint8_t>(hit);
                        out[run.offset + i] = hit ? gradient[place] : T(0);
                    }
                }
            }
        });
}

void max_gradient(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x) {
    if (x.numel() == 0) return;
    dispatch_floating(reduce_max_backward.name(), grad_y,
                      [&](auto zero) { route_to_maximum<decltype(zero)>(grad_y, x, y, grad_x); });
}

void broadcast(const Tensor& x, Tensor& y, double scale) {
    dispatch_floating(broadcast_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const T factor = static_cast<T>(scale);
        const BroadcastLoop<1> loop(y.shape(), {x.shape()});
        loop.run([&](int64_t offset, const auto& offsets, int64_t count, const auto& steps) {
            const T* from = in + offsets[0];
            T* to = out + offset;
            if (steps[0] == 0) {
                std::fill_n(to, count, factor * *from);
                return;
            }
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) to[i] = factor * from[i];
        });
    });
}

const KernelEntry forward_entry{reduce_forward, Backend::portable, &forward};
const KernelEntry max_backward_entry{reduce_max_backward, Backend::portable, &max_gradient};
const KernelEntry broadcast_entry{broadcast_forward, Backend::portable, &broadcast};

}  // namespace
}  // namespace unmask
