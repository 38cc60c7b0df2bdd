// SPDX-License-Identifier: Apache-2.0
// The parts of a check, each over the same rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/check/check.h"

namespace unmask {

// A row as the check sees it.
struct CheckedRow {
    const ManifestRow* row;
    size_t file = 0;    // index into CheckedData::files
    std::string side;   // "train", "val", "test" or ""
    std::string video;  // "dataset/method/id", or the file where the manifest has no videos
};

// A file that rows name, or a picture of a shard.
struct CheckedFile {
    std::filesystem::path path;
    std::shared_ptr<const Shard> shard{};  // which holds it
    std::string row_path{};                // under this name
    bool readable = true;
    uint64_t bytes = 0, hash = 0;  // of what is compared; 0 when it was not read
};

struct CheckedData {
    std::vector<CheckedRow> rows;
    std::vector<CheckedFile> files;
};

// What of the files is compared to find copies: their bytes, or where a shard is among them their pixels,
// since a shard may hold nothing else.
struct Comparison {
    bool pixels = false;
    int size = 0;           // to which pictures of files are resized, as a shard does; 0: as they are
    bool all_alike = true;  // false: shards of several sizes, whose pictures cannot be compared with others
};
[[nodiscard]] Comparison comparison_of(const CheckedData& data);

// Reads every file: what is missing or broken, and the hashes. With `quick` only what is missing.
[[nodiscard]] std::vector<Finding> check_readable(CheckedData& data, bool quick,
                                                  const CheckProgress& progress);

// Rows of one file, files of one content: in several sides, with both labels, or several times.
[[nodiscard]] std::vector<Finding> check_duplicates(const CheckedData& data);

// Videos and identities in several sides, validation that is the test, classes.
[[nodiscard]] std::vector<Finding> check_leaks(const CheckedData& data);
[[nodiscard]] std::vector<Finding> check_balance(const std::vector<SideSummary>& sides);

// The sides' names as a finding shows them.
[[nodiscard]] std::string side_name(const std::string& side);

}  // namespace unmask
