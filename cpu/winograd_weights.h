// SPDX-License-Identifier: Apache-2.0
// The transform of a convolution's weights for Winograd's algorithm, in the order in which its products read
// them.
#pragma once

#include "cpu/winograd_tile.h"
#include "engine/tensor.h"

namespace unmask::winograd {

// Whose transform it is: as_they_are of weight [O, 3, 3, C]; flipped of the weights [C, 3, 3, O] of the
// gradient with respect to a convolution's input: by 180 degrees, input and output channels exchanged,
// flipped[c, p, q, o] = weight[o, 2 - p, 2 - q, c].
enum class Taps : uint8_t { as_they_are, flipped };

// G g Gᵀ: [panel][xi][plane], of which the first C · panel_columns elements of a plane are
// [C][panel_columns] (cpu/winograd_stages.h). C is a multiple of the vectors' width, O of panel_columns.
template <class Tile>
[[nodiscard]] Tensor transformed_weights(const Tensor& weight, Taps taps);

// The same of one panel and its input channels [first, last), multiples of the vectors' width: to[xi][plane]
// as [channel - first][panel_columns].
template <class Tile>
void transform_weights(const Tensor& weight, Taps taps, int64_t panel, int64_t first, int64_t last, float* to,
                       int64_t plane);

// Brings a share, of `shares`, of what that reads into the second-level cache.
void fetch_weights(const Tensor& weight, Taps taps, int64_t panel, int64_t first, int64_t last, int64_t share,
                   int64_t shares);

// G g alone, in parts of so many input channels (the last of fewer):
// [panel][part][i][channel][3][panel_columns], with the points i of the tile's columns and the kernel's three
// columns, each times Tile::tap_scale.
constexpr int64_t one_sided_channels = 64;
template <class Tile>
[[nodiscard]] Tensor one_sided_weights(const Tensor& weight, Taps taps);

// The nine taps [panel][channel][3][3][panel_columns], times WinogradTile<4>::tap_scale of their row and
// column. They are multiplied in parts of so many channels, of which C is a multiple.
constexpr int64_t taps_channels = 16;
[[nodiscard]] Tensor kept_taps(const Tensor& weight);

}  // namespace unmask::winograd
