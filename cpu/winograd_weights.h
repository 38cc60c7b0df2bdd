// SPDX-License-Identifier: Apache-2.0
// The transform of a convolution's weights for Winograd's algorithm, in the order in which its products read
// them.
#pragma once

#include "cpu/winograd_tile.h"
#include "engine/tensor.h"

namespace unmask::winograd {

// G g Gᵀ of weight [O, 3, 3, C]: [panel][xi][plane], of which the first C · panel_columns elements of a plane
// are [C][panel_columns] (cpu/winograd_stages.h).
template <class Tile>
[[nodiscard]] Tensor transformed_weights(const Tensor& weight);

// The same of the weights [C, 3, 3, O] of the gradient with respect to the convolution's input: turned by 180
// degrees and input and output channels exchanged, turned[c, p, q, o] = weight[o, 2 - p, 2 - q, c].
template <class Tile>
[[nodiscard]] Tensor transformed_turned_weights(const Tensor& weight);

}  // namespace unmask::winograd
