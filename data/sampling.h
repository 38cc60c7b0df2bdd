// SPDX-License-Identifier: Apache-2.0
// Which pictures an epoch shows, in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace unmask {

struct SamplingOptions {
    bool shuffle = true;
    bool balanced = false;    // the rarer class is repeated until both are shown equally often
    int oversample_real = 1;  // each real picture is shown that many times; before balancing
};

// Indices into the labels (0 real, 1 fake). Balancing repeats the rarer class whole as often as it fits and
// fills up with a random part of it; with one class alone it changes nothing. A function of the arguments
// alone.
[[nodiscard]] std::vector<size_t> epoch_order(std::span<const int> labels, const SamplingOptions& options,
                                              uint64_t seed, int64_t epoch);

}  // namespace unmask
