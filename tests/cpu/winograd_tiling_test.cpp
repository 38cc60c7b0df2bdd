// SPDX-License-Identifier: Apache-2.0
// Which convolutions go by which tiles.
#include "cpu/winograd_tiling.h"

#include <gtest/gtest.h>

namespace unmask::winograd {
namespace {

struct Layer {
    int64_t channels, outputs, size;
};

// Of square maps that keep their size.
Tiling tiling_of(const Layer& layer, int64_t images, int stride = 1, bool frozen = true) {
    Conv2dParams params;
    params.stride = {stride, stride};
    return tiling(layer.channels, {images, layer.size, layer.size, layer.outputs},
                  {layer.outputs, 3, 3, layer.channels}, params, frozen);
}

TEST(WinogradTiling, OfFewWeightsDoesNotDependOnTheBatch) {
    for (const int64_t images : {1, 2, 8, 100}) {
        EXPECT_EQ(tiling_of({128, 128, 28}, images), Tiling::four);
        EXPECT_EQ(tiling_of({64, 64, 5}, images), Tiling::four);
        EXPECT_EQ(tiling_of({256, 256, 28}, images), Tiling::four) << "5 × 5 saves no products";
        EXPECT_EQ(tiling_of({64, 128, 28}, images, 2), Tiling::two_of_stride_2);
        EXPECT_EQ(tiling_of({256, 512, 7}, images, 2), Tiling::none) << "stride 2 cut out of 8 × 8";
        EXPECT_EQ(tiling_of({16, 64, 28}, images), Tiling::none) << "too few channels";
        EXPECT_EQ(tiling_of({64, 64 + lanes, 28}, images), Tiling::none) << "outputs that fill no panel";
    }
}

// From sixteen tiles of the batch on instead of tiles of 2 and kept taps, from forty on instead of kept tiles
// of 5.
TEST(WinogradTiling, OfWideLayersTransformsOnTheFlyForEnoughTiles) {
    EXPECT_EQ(tiling_of({512, 512, 7}, 3), Tiling::four_of_taps);
    EXPECT_EQ(tiling_of({512, 512, 7}, 4), Tiling::four_on_the_fly);
    EXPECT_EQ(tiling_of({256, 256, 10}, 3), Tiling::four_of_taps);
    EXPECT_EQ(tiling_of({256, 256, 10}, 4), Tiling::five_on_the_fly);
    EXPECT_EQ(tiling_of({256, 256, 14}, 4), Tiling::five) << "9 tiles, where 16 of 4 would be";
    EXPECT_EQ(tiling_of({256, 256, 14}, 5), Tiling::five_on_the_fly);
}

TEST(WinogradTiling, OfWideLayersKeepsTapsOfFrozenWeightsAlone) {
    EXPECT_EQ(tiling_of({512, 512, 7}, 3, 1, false), Tiling::two);
    EXPECT_EQ(tiling_of({512, 512, 7}, 4, 1, false), Tiling::four_on_the_fly);
    EXPECT_EQ(tiling_of({256, 256, 14}, 4, 1, false), Tiling::five);
    const bool sixteen = lanes == 16;  // are neither vectors nor parts of sixteen channels
    EXPECT_EQ(tiling_of({520, 512, 7}, 3), sixteen ? Tiling::none : Tiling::two);
    EXPECT_EQ(tiling_of({520, 512, 7}, 4), sixteen ? Tiling::none : Tiling::four_on_the_fly);
}

TEST(WinogradTiling, OfKeptWeightsIsThatOfOneImage) {
    const Conv2dParams params;
    for (const int64_t images : {1, 100})
        EXPECT_EQ(kept_tiling(512, {images, 7, 7, 512}, {512, 3, 3, 512}, params), Tiling::two);
}

}  // namespace
}  // namespace unmask::winograd
