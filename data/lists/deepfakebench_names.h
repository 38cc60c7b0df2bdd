// SPDX-License-Identifier: Apache-2.0
// What DeepfakeBench calls datasets, labels and videos, and what the manifest calls them.
#pragma once

#include <string>

namespace unmask {

// A video as the manifest has it.
struct BenchMeaning {
    std::string dataset, method, video, compression;
    int label = 0;
    bool known = true;  // the label is one of DeepfakeBench's
    bool operator==(const BenchMeaning&) const = default;
};

// Where a video stands in the JSON: top / label / split / [level] / key.
struct BenchPlace {
    std::string top, label, level, key;
};

// What stands in that place. `several_levels`: the file has more than one, so that the level is part of the
// id.
[[nodiscard]] BenchMeaning bench_meaning(const BenchPlace& place, bool several_levels);

// Where a video belongs. The compression is the level in the FaceForensics++ family, else there is none.
// Error for a forgery whose method would read as real.
[[nodiscard]] BenchPlace bench_place(const BenchMeaning& video);

// Whether the dataset's videos lie below a compression level.
[[nodiscard]] bool has_levels(const std::string& top);

}  // namespace unmask
