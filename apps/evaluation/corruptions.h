// SPDX-License-Identifier: Apache-2.0
// What happens to pictures on their way through the net, at five strengths each, for measuring how much of it
// a detector endures. Like training's augmentation it is done to the picture at the model's input size.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace unmask {

struct Corruption {
    const char* name;
    const char* unit;                 // what a strength counts
    std::array<double, 5> strengths;  // from mild to strong
    // Changes the picture; what is random is a function of seed and picture number alone.
    void (*change)(Image& image, double strength, uint64_t seed, uint64_t picture);
};

// jpeg, blur, noise, resize, brightness, contrast.
[[nodiscard]] const std::vector<Corruption>& corruption_table();
// Error lists the names when there is none of that name.
[[nodiscard]] const Corruption& corruption_named(std::string_view name);

}  // namespace unmask
