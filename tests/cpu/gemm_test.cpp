// SPDX-License-Identifier: Apache-2.0
// The product of matrices against three plain loops in float64, over sizes on both sides of every block's
// edge.
#include "cpu/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/philox.h"

namespace unmask {
namespace {

template <class T>
std::vector<T> draw(int64_t count, const char* stream) {
    PhiloxSequence random(1, stream);
    std::vector<T> values(static_cast<size_t>(count));
    for (T& value : values) value = static_cast<T>(random.uniform(-1.0, 1.0));
    return values;
}

template <class T>
MatrixView<T> view(const std::vector<T>& data, int64_t rows, int64_t columns, bool transposed) {
    return transposed ? MatrixView<T>{data.data(), 1, rows} : MatrixView<T>{data.data(), columns, 1};
}

// The largest error, relative to the sum of the magnitudes that went into the element.
template <class T>
double worst_error(const GemmSizes& s, bool transpose_a, bool transpose_b, bool with_bias) {
    const std::vector<T> a = draw<T>(s.m * s.k, "a"), b = draw<T>(s.k * s.n, "b"),
                         bias = draw<T>(s.n, "bias");
    const MatrixView<T> left = view(a, s.m, s.k, transpose_a), right = view(b, s.k, s.n, transpose_b);
    const int64_t pitch = s.n + 3;  // what lies between the rows of c stays untouched
    std::vector<T> c(static_cast<size_t>(s.m * pitch), T(7));
    gemm<T>(s, left, right, with_bias ? bias.data() : nullptr, c.data(), pitch);
    double worst = 0;
    for (int64_t i = 0; i < s.m; ++i) {
        for (int64_t j = 0; j < s.n; ++j) {
            double sum = with_bias ? static_cast<double>(bias[static_cast<size_t>(j)]) : 0.0,
                   size = std::fabs(sum) + 1;
            for (int64_t d = 0; d < s.k; ++d) {
                const double term = double(left.data[i * left.row_stride + d * left.column_stride]) *
                                    double(right.data[d * right.row_stride + j * right.column_stride]);
                sum += term;
                size += std::fabs(term);
            }
            worst = std::max(worst, std::fabs(double(c[static_cast<size_t>(i * pitch + j)]) - sum) / size);
        }
        for (int64_t j = s.n; j < pitch; ++j) EXPECT_EQ(c[static_cast<size_t>(i * pitch + j)], T(7));
    }
    return worst;
}

template <class T>
void check_sizes(double bound) {
    constexpr int64_t rows = GemmTile<T>::rows, columns = GemmTile<T>::columns, depth = GemmBlocks<T>::depth;
    std::vector<GemmSizes> sizes;
    for (const int64_t m : {int64_t{1}, rows - 1, rows, rows + 1, 2 * rows + 5})
        for (const int64_t n : {int64_t{1}, columns - 1, columns, columns + 1, 3 * columns + 2})
            for (const int64_t k : {int64_t{0}, int64_t{1}, int64_t{3}, int64_t{17}})
                sizes.push_back({m, n, k});
    sizes.push_back({5, 7, depth - 1});
    sizes.push_back({5, 7, depth});
    sizes.push_back({5, 7, 2 * depth + 1});
    sizes.push_back({GemmBlocks<T>::most_rows + 1, 19, 6});
    sizes.push_back({3 * GemmBlocks<T>::most_rows - 5, 33, depth + 3});
    sizes.push_back({7, GemmBlocks<T>::most_columns + 1, 5});
    for (const GemmSizes& size : sizes)
        for (const bool transpose_a : {false, true})
            for (const bool transpose_b : {false, true})
                EXPECT_LT(worst_error<T>(size, transpose_a, transpose_b, transpose_a != transpose_b), bound)
                    << size.m << " x " << size.n << " x " << size.k << ", transposed " << transpose_a
                    << transpose_b;
}

TEST(Gemm, Float32AgreesWithPlainLoops) {
    check_sizes<float>(1e-6);
}
TEST(Gemm, Float64AgreesWithPlainLoops) {
    check_sizes<double>(1e-15);
}

TEST(Gemm, NothingToDoTouchesNothing) {
    float c = 7;
    gemm<float>({0, 4, 3}, {}, {}, nullptr, &c, 4);
    gemm<float>({4, 0, 3}, {}, {}, nullptr, &c, 0);
    EXPECT_EQ(c, 7);
}

TEST(Gemm, EpilogueAddsBiasAndResidualAndActivates) {
    constexpr int count = 37;
    const std::vector<float> sums = draw<float>(count, "sums"), bias = draw<float>(count, "bias"),
                             residual = draw<float>(count, "residual");
    std::vector<float> values = sums;
    apply_epilogue(values.data(), bias.data(), residual.data(), Activation::relu, count);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(values[i], std::max(sums[i] + bias[i] + residual[i], 0.0f));
    values = sums;
    apply_epilogue<float>(values.data(), nullptr, nullptr, Activation::none, count);
    EXPECT_EQ(values, sums);
}

}  // namespace
}  // namespace unmask
