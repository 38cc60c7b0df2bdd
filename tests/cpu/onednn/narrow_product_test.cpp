// SPDX-License-Identifier: Apache-2.0
// The product of few rows against plain loops in float64, over sizes on both sides of every block's edge.
#include "cpu/onednn/narrow_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/philox.h"

namespace unmask::onednn {
namespace {

std::vector<float> draw(int64_t count, const char* stream) {
    PhiloxSequence random(1, stream);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = static_cast<float>(random.uniform(-1.0, 1.0));
    return values;
}

struct Operands {
    int64_t m, n, k;
    std::vector<float> a = draw(m * k, "a"), b = draw(n * k, "b"), bias = draw(n, "bias");

    [[nodiscard]] std::vector<float> product(bool with_bias) const {
        std::vector<float> y(static_cast<size_t>(m * n), 7.0f);
        narrow_product(m, n, k, a.data(), b.data(), with_bias ? bias.data() : nullptr, y.data());
        return y;
    }
};

// The largest error, relative to the sum of the magnitudes that went into the element.
double worst_error(const Operands& of, bool with_bias) {
    const std::vector<float> y = of.product(with_bias);
    double worst = 0;
    for (int64_t i = 0; i < of.m; ++i)
        for (int64_t j = 0; j < of.n; ++j) {
            double sum = with_bias ? of.bias[static_cast<size_t>(j)] : 0.0, magnitude = std::abs(sum);
            for (int64_t d = 0; d < of.k; ++d) {
                const double term = static_cast<double>(of.a[static_cast<size_t>(i * of.k + d)]) *
                                    of.b[static_cast<size_t>(j * of.k + d)];
                sum += term;
                magnitude += std::abs(term);
            }
            worst =
                std::max(worst, std::abs(y[static_cast<size_t>(i * of.n + j)] - sum) / (magnitude + 1e-30));
        }
    return worst;
}

TEST(NarrowProduct, IsTheProduct) {
    for (int64_t m = 1; m <= narrow_rows; ++m)
        for (const int64_t n : {1, 2, 4, 31, 33, 70})
            for (const int64_t k : {1, 3, 16, 17, 100, 512})
                for (const bool with_bias : {false, true})
                    EXPECT_LT(worst_error({m, n, k}, with_bias), 1e-6)
                        << m << "x" << k << " times " << n << "x" << k;
}

TEST(NarrowProduct, OfARowDoesNotDependOnTheOthers) {
    const Operands all{7, 37, 83};
    const std::vector<float> y = all.product(true);
    for (int64_t row = 0; row < all.m; ++row) {
        Operands alone{1, all.n, all.k};
        alone.a.assign(all.a.begin() + row * all.k, all.a.begin() + (row + 1) * all.k);
        EXPECT_EQ(alone.product(true),
                  std::vector<float>(y.begin() + row * all.n, y.begin() + (row + 1) * all.n));
    }
}

}  // namespace
}  // namespace unmask::onednn
