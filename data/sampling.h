// SPDX-License-Identifier: Apache-2.0
// Which pictures an epoch shows, in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/manifest.h"
#include "data/oversampling.h"

namespace unmask {

struct SamplingOptions {
    bool shuffle = true;
    // Above 0: each video shows that many of its pictures, those of a video that has more drawn anew for
    // every epoch, those of one that has fewer repeated. 0: each shows all of its own.
    int pictures_a_video = 0;
    int oversample_real = 1;               // each real picture is shown that many times; before balancing
    std::vector<Oversampling> oversample;  // instead of that, where a rule fits
    bool balanced = false;                 // the rarer class is repeated until both are shown equally often
};

// Indices into the rows. A video is that of a dataset, method and label. What has to be repeated (the rarer
// class, the pictures of a short video) is repeated whole as often as it fits and filled up with a random
// part of it; balancing changes nothing where one class is alone. A function of the arguments alone, of the
// same length for every epoch. Error for numbers out of range and rules that fit no row.
[[nodiscard]] std::vector<size_t> epoch_order(std::span<const ManifestRow> rows,
                                              const SamplingOptions& options, uint64_t seed, int64_t epoch);

}  // namespace unmask
