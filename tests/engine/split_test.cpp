// SPDX-License-Identifier: Apache-2.0
// The graph behind split(): parts unused, used twice, and memory shared with others' gradients.
#include <gtest/gtest.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

Variable numbers(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
    return {Tensor::from(shape, values), true};
}

// Gives its inputs the rows of one tensor as gradients, as an op with packed gradients does.
Variable packed_sum(const std::vector<Variable>& parts, const Tensor& gradients) {
    return record("packed_sum", Tensor::zeros({}), parts,
                  [gradients, n = parts.size()](const Tensor&, const auto&) {
                      std::vector<Tensor> result;
                      for (size_t i = 0; i < n; ++i) {
                          const auto row = static_cast<int64_t>(i);
                          result.push_back(gradients.rows(row, row + 1));
                      }
                      return result;
                  });
}

TEST(Split, PartsAlongDimensionZeroAreViews) {
    const Variable x = numbers({4, 3});
    const auto parts = split(x, 0, 2);
    EXPECT_EQ(parts[1].value().raw(), x.value().rows(2, 4).raw());
    EXPECT_EQ(split(x, 1, 3)[2].value().to_floats(), (std::vector<float>{3, 6, 9, 12}));
}

TEST(Split, UnusedPartsCountAsZero) {
    for (const int axis : {0, 1}) {
        const Variable x = numbers({2, 2});
        const auto parts = split(x, axis, 2);
        sum(square(parts[1])).backward();
        EXPECT_EQ(x.gradient().to_floats(),
                  axis == 0 ? (std::vector<float>{0, 0, 6, 8}) : (std::vector<float>{0, 4, 0, 8}));
    }
}

TEST(Split, APartUsedTwiceAndTheWholeUsedElsewhere) {
    for (const int axis : {0, 1}) {
        const Variable x = numbers({2, 2});
        const auto parts = split(x, axis, 2);
        (sum(parts[0] * parts[0]) + sum(parts[0]) + sum(affine(parts[1], 3.0)) + sum(affine(x, 10.0)))
            .backward();
        EXPECT_EQ(x.gradient().to_floats(),
                  axis == 0 ? (std::vector<float>{13, 15, 13, 13}) : (std::vector<float>{13, 13, 17, 13}));
    }
}

TEST(Split, GradientsSideBySideAreNotCopied) {
    const Variable x = numbers({2, 3});
    const Tensor gradients = numbers({3, 3}).value().clone();
    const auto parts = split(x, 0, 2);
    packed_sum({parts[0], parts[1]}, gradients).backward();
    EXPECT_EQ(x.gradient().raw(), gradients.raw());
    const Variable swapped = numbers({2, 3});
    const auto others = split(swapped, 0, 2);
    packed_sum({others[1], others[0]}, gradients).backward();
    EXPECT_NE(swapped.gradient().buffer(), gradients.buffer());
    EXPECT_EQ(swapped.gradient().to_floats(), (std::vector<float>{4, 5, 6, 1, 2, 3}));
}

// Another gradient of x must not be added into memory that others see.
TEST(Split, SharedGradientsStayAsTheyAre) {
    const Variable x = numbers({2, 3}), other = numbers({1, 3});
    const Tensor gradients = numbers({3, 3}).value().clone();
    const std::vector<float> before = gradients.to_floats();
    const auto parts = split(x, 0, 2);
    (packed_sum({parts[0], parts[1], other}, gradients) + sum(affine(x, 100.0))).backward();
    EXPECT_EQ(gradients.to_floats(), before);
    EXPECT_EQ(x.gradient().to_floats(), (std::vector<float>{101, 102, 103, 104, 105, 106}));
    EXPECT_EQ(other.gradient().to_floats(), (std::vector<float>{7, 8, 9}));
}

TEST(Split, OfAPart) {
    const Variable x = numbers({4, 1});
    const auto halves = split(x, 0, 2);
    const auto quarters = split(halves[1], 0, 2);
    (sum(affine(quarters[1], 2.0)) + sum(halves[1])).backward();
    EXPECT_EQ(x.gradient().to_floats(), (std::vector<float>{0, 0, 1, 3}));
}

TEST(Split, RecordsNothingWithoutGradients) {
    const NoGrad nothing_recorded;
    EXPECT_FALSE(split(numbers({2, 2}), 0, 2)[0].requires_grad());
}

}  // namespace
}  // namespace unmask
