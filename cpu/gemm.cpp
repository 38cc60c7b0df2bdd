// SPDX-License-Identifier: Apache-2.0
#include "cpu/gemm.h"

#include "cpu/vector_math.h"

namespace unmask {

template <class T>
void apply_epilogue(T* values, const T* bias, const T* residual, Activation activation, int count) {
    if (bias != nullptr) {
#pragma omp simd
        for (int i = 0; i < count; ++i) values[i] += bias[i];
    }
    if (residual != nullptr) {
#pragma omp simd
        for (int i = 0; i < count; ++i) values[i] += residual[i];
    }
    if (activation == Activation::none) return;
    dispatch_fused_activation(activation, [=](auto function) {
#pragma omp simd
        for (int i = 0; i < count; ++i) values[i] = function(values[i]);
    });
}
template void apply_epilogue(float*, const float*, const float*, Activation, int);
template void apply_epilogue(double*, const double*, const double*, Activation, int);

template <class T>
void gemm(const GemmSizes& sizes, const MatrixView<T>& a, const MatrixView<T>& b, const T* bias, T* c,
          int64_t pitch) {
    gemm_blocks<T>(
        sizes, MatrixRowPacker<T>{a}, MatrixColumnPacker<T>{b},
        MatrixStore{c, [pitch](int64_t row) { return row * pitch; }, GemmEpilogue<T>{.bias = bias}});
}
template void gemm(const GemmSizes&, const MatrixView<float>&, const MatrixView<float>&, const float*, float*,
                   int64_t);
template void gemm(const GemmSizes&, const MatrixView<double>&, const MatrixView<double>&, const double*,
                   double*, int64_t);

}  // namespace unmask
