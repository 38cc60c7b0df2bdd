// SPDX-License-Identifier: Apache-2.0
// The arithmetic of Winograd's tiles by itself, in float64.
#include "cpu/winograd_tile.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

template <class Tile>
class WinogradTiles : public testing::Test {};

using Tiles = testing::Types<WinogradTile<2>, WinogradTile<4>, WinogradTile<5>, WinogradTile<2, 2>>;
TYPED_TEST_SUITE(WinogradTiles, Tiles);

constexpr double kernel_line[3] = {0.7, -1.9, 0.4};

// weights() has constants in float32.
TYPED_TEST(WinogradTiles, TransformWeightsAsTheirMatrixSays) {
    double found[3 * TypeParam::size];
    for (double& each : found) each = -1;
    const double apart[5] = {kernel_line[0], 100, kernel_line[1], 100, kernel_line[2]};
    TypeParam::weights(apart, found, 2);
    for (int i = 0; i < TypeParam::size; ++i) {
        double expected = 0;
        for (int p = 0; p < 3; ++p) expected += TypeParam::kernel[i][p] * kernel_line[p];
        EXPECT_NEAR(found[2 * i], expected, 2e-7) << "point " << i;
        EXPECT_EQ(found[2 * i + 1], -1) << "between the points";
    }
}

// y = Aᵀ [(G g) ∘ (Bᵀ d)] of one line.
TYPED_TEST(WinogradTiles, ConvolveALine) {
    constexpr int size = TypeParam::size, outputs = TypeParam::outputs;
    double line[size], transformed[size], weights[size], result[outputs];
    for (int i = 0; i < size; ++i) line[i] = 0.3 * i * i - i + 0.2;
    TypeParam::weights(kernel_line, weights, 1);
    TypeParam::input(line, transformed, 1);
    for (int i = 0; i < size; ++i) transformed[i] *= weights[i];
    TypeParam::output(transformed, result, 1, 1);
    for (int i = 0; i < outputs; ++i) {
        double expected = 0;
        for (int p = 0; p < 3; ++p) expected += kernel_line[p] * line[i * TypeParam::stride + p];
        EXPECT_NEAR(result[i], expected, 3e-6) << "output " << i;
    }
}

}  // namespace
}  // namespace unmask
