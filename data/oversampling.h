// SPDX-License-Identifier: Apache-2.0
// How often an epoch shows the pictures of a dataset or method.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/manifest.h"

namespace unmask {

struct Oversampling {
    std::string dataset, method;  // of the rows that are meant; empty: any
    int times = 1;
};

// "DATASET/METHOD=TIMES", comma-separated, such as "Celeb-DF-v2/original=6, /Deepfakes=2"; either name may be
// missing. Error "expected …, found …" for anything else and for times outside of 0 to 1000.
[[nodiscard]] std::vector<Oversampling> parse_oversampling(std::string_view text);

// For each row the times of the last rule that fits it, else `real` for real pictures and 1 for forged ones.
// Error for a rule that fits no row, and where no picture would be left.
[[nodiscard]] std::vector<int> times_of(std::span<const ManifestRow> rows,
                                        std::span<const Oversampling> rules, int real);

}  // namespace unmask
