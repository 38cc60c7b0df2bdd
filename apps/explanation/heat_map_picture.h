// SPDX-License-Identifier: Apache-2.0
// Heat maps as pictures over the face they are of.
#pragma once

#include "apps/explanation/grad_cam.h"
#include "data/image.h"

namespace unmask {

// The face under the colours of the map: nothing at 0, then over violet and red to yellow
// at `full` and above. Colours differ in lightness as well. `full` 0 or below: the map has nothing to show.
[[nodiscard]] Image heat_map_picture(const Image& face, const HeatMap& map, float full);

// What the colours of a face's maps are scaled by: the whole by its own largest value; the branches by the
// largest of all of them, so that a branch that sees little shows little.
struct HeatScale {
    float whole = 0, branches = 0;
};
[[nodiscard]] HeatScale scale_of(const HeatMaps& maps);

}  // namespace unmask
