// SPDX-License-Identifier: Apache-2.0
// Convolution over compact weights: they become float32 while they are packed for the product, a block at a
// time, so that nowhere lies a whole copy of them.
#include "engine/ops/compact_conv2d.h"

#include "cpu/conv2d_product.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Packs columns [column, column + columns) over rows [k, k + depth) of weightᵀ; weight is [O, length] and
// `scale` is null where it is 1.
template <class Stored>
struct CompactColumnPacker {
    const Stored* weight;
    const float* scale;
    int64_t length;

    void operator()(int64_t column, int columns, int64_t k, int64_t depth, float* panel) const {
        constexpr int width = GemmTile<float>::columns;
        alignas(64) float lines[width * GemmBlocks<float>::depth];
        for (int c = 0; c < columns; ++c) {
            const Stored* from = weight + (column + c) * length + k;
            const float factor = scale == nullptr ? 1.0f : scale[column + c];
            float* to = lines + c * depth;
            for (int64_t d = 0; d < depth; ++d) to[d] = factor * static_cast<float>(from[d]);
        }
        pack_transposed<width>(lines, depth, columns, depth, panel);
    }
};

template <class Stored>
void run(const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& bias,
         const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    conv2d_as_product<float>(x, weight.shape(), bias, residual, y, params, [&](int64_t channel, int64_t k) {
        return CompactColumnPacker<Stored>{weight.data<Stored>() + channel * k,
                                           scale.defined() ? scale.data<float>() + channel : nullptr, k};
    });
}

void forward(const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& bias,
             const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    UNMASK_ASSERT(params.groups == 1 && x.dtype() == DType::f32);
    if (weight.dtype() == DType::i8)
        run<int8_t>(x, weight, scale, bias, residual, y, params);
    else
        run<BFloat16>(x, weight, scale, bias, residual, y, params);
}

const KernelEntry entry{compact_conv2d_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
