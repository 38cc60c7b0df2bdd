// SPDX-License-Identifier: Apache-2.0
// The gradients of convolution as products of matrices, group by group, over patches that are gathered while
// they are packed:
//     backward data    grad_x = patches(grad_y) [pixels, taps·O] · weight
//     backward weight  grad_weight [O, taps·C] = grad_yᵀ · patches(x)
// Backward data is one product for each residue of x's pixels modulo the stride, with the taps that reach it.
#include "cpu/conv2d_product.h"
#include "cpu/depthwise_conv2d.h"
#include "cpu/dispatch.h"
#include "cpu/winograd_conv2d.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

// The taps along one axis that touch the inputs congruent to `residue` modulo the stride, by rising output
// index: input residue + stride·i is met at output i + shift.
struct ReachingTap {
    int64_t tap, shift;
};

std::vector<ReachingTap> reaching_taps(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                                       int64_t residue) {
    std::vector<ReachingTap> result;
    for (int64_t tap = kernel; tap-- > 0;) {
        const int64_t distance = residue + padding - tap * dilation;
        if (distance % stride == 0) result.push_back({tap, distance / stride});
    }
    return result;
}

// Rows k = (tap, o) of the right operand are weight[o, tap, ·].
template <class T>
struct TapWeightPacker {
    const T* weight;  // of the group's first output channel
    const Conv2dDimensions& d;
    const std::vector<int64_t>& taps;
    void operator()(int64_t column, int columns, int64_t k, int64_t depth, T* panel) const {
        const int64_t pitch = d.taps() * d.group_channels;
        while (depth > 0) {
            const int64_t o = k % d.group_out_channels;
            const int64_t count = std::min(depth, d.group_out_channels - o);
            const int64_t tap = taps[static_cast<size_t>(k / d.group_out_channels)];
            pack_rows<GemmTile<T>::columns>(weight + o * pitch + tap * d.group_channels + column, pitch,
                                            columns, count, panel);
            k += count;
            depth -= count;
            panel += count * GemmTile<T>::columns;
        }
    }
};

template <class T>
void data_of_residue(const T* grad_y, const T* weight, T* grad_x, const Conv2dDimensions& d,
                     const Conv2dParams& params, int64_t group, int64_t residue_row, int64_t residue_column) {
    const int64_t stride_row = params.stride[0], stride_column = params.stride[1];
    const auto rows =
        reaching_taps(d.kernel_height, stride_row, params.padding_before[0], params.dilation[0], residue_row);
    const auto columns = reaching_taps(d.kernel_width, stride_column, params.padding_before[1],
                                       params.dilation[1], residue_column);
    const Scratch<PatchSegment> segments(static_cast<int64_t>(rows.size() * columns.size()));
    Patches<T> patches{grad_y, d.out_height, d.out_width, d.out_channels};
    patches.memory = segments.data();
    patches.grid_height = (d.height - residue_row + stride_row - 1) / stride_row;
    patches.grid_width = (d.width - residue_column + stride_column - 1) / stride_column;
    std::vector<int64_t> taps;
    for (const ReachingTap& row : rows)
        for (const ReachingTap& column : columns) {
            taps.push_back(row.tap * d.kernel_width + column.tap);
            patches.append(row.shift, column.shift * d.out_channels + group * d.group_out_channels,
                           d.group_out_channels);
        }
    const auto row_offset = [&](int64_t index) {
        const auto at = patches.position(index);
        const int64_t row = residue_row + at.i * stride_row, column = residue_column + at.j * stride_column;
        return ((at.n * d.height + row) * d.width + column) * d.channels;
    };
    const GemmSizes sizes{d.images * patches.grid_height * patches.grid_width, d.group_channels,
                          patches.length()};
    gemm_blocks<T>(
        sizes, PatchRowPacker<T, GemmBlocks<T>::depth>{patches},
        TapWeightPacker<T>{weight + group * d.group_out_channels * d.taps() * d.group_channels, d, taps},
        MatrixStore{grad_x + group * d.group_channels, row_offset, GemmEpilogue<T>{}});
}

template <class T>
void run_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                       const Conv2dParams& params) {
    const Conv2dDimensions d(grad_x.shape(), weight.shape(), grad_y.shape(), params);
    for (int64_t group = 0; group < d.groups; ++group)
        for (int64_t row = 0; row < std::min<int64_t>(params.stride[0], d.height); ++row)
            for (int64_t column = 0; column < std::min<int64_t>(params.stride[1], d.width); ++column)
                data_of_residue(grad_y.data<T>(), weight.data<T>(), grad_x.data<T>(), d, params, group, row,
                                column);
}

template <class T>
void run_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                         const Conv2dParams& params) {
    const Conv2dDimensions d(x.shape(), grad_weight.shape(), grad_y.shape(), params);
    const GemmSizes sizes{d.group_out_channels, d.taps() * d.group_channels, d.out_pixels()};
    const Scratch<PatchSegment> segments(d.taps());
    for (int64_t group = 0; group < d.groups; ++group) {
        const int64_t channel = group * d.group_out_channels;
        const MatrixRowPacker<T> rows{{grad_y.data<T>() + channel, 1, d.out_channels}};
        const MatrixStore store{grad_weight.data<T>() + channel * sizes.n,
                                [&sizes](int64_t row) { return row * sizes.n; }, GemmEpilogue<T>{}};
        if (is_pointwise(d, params)) {
            const MatrixView<T> pixels{x.data<T>() + group * d.group_channels, d.channels, 1};
            gemm_blocks<T>(sizes, rows, MatrixColumnPacker<T>{pixels}, store);
        } else {
            const Patches<T> patches = input_patches(x.data<T>(), d, params, group, segments);
            gemm_blocks<T>(sizes, rows, PatchColumnPacker<T>{patches}, store);
        }
    }
}

void write_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                         const Conv2dParams& params) {
    dispatch_floating(conv2d_backward_data.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        if (is_depthwise(weight.shape(), params))
            return depthwise_backward_data<T>(grad_y, weight, grad_x, params);
        if constexpr (std::is_same_v<T, float>)
            if (winograd_backward_data(grad_y, weight, grad_x, params)) return;
        run_backward_data<T>(grad_y, weight, grad_x, params);
    });
}

void backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x, const Conv2dParams& params,
                   bool accumulate) {
    if (!accumulate) return write_backward_data(grad_y, weight, grad_x, params);
    add_computed(grad_x, [&](Tensor& own) { write_backward_data(grad_y, weight, own, params); });
}

void backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight, const Conv2dParams& params) {
    if (x.numel() == 0 || grad_y.numel() == 0) return grad_weight.fill_zero();
    dispatch_floating(conv2d_backward_weight.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        if (is_depthwise(grad_weight.shape(), params))
            return depthwise_backward_weight<T>(grad_y, x, grad_weight, params);
        if constexpr (std::is_same_v<T, float>)
            if (winograd_backward_weight(grad_y, x, grad_weight, params)) return;
        run_backward_weight<T>(grad_y, x, grad_weight, params);
    });
}

const KernelEntry data_entry{conv2d_backward_data, Backend::portable, &backward_data};
const KernelEntry weight_entry{conv2d_backward_weight, Backend::portable, &backward_weight};

}  // namespace
}  // namespace unmask
