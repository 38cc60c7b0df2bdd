// SPDX-License-Identifier: Apache-2.0
// One number for all that a training run reads: another number means other data.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "data/manifest.h"

namespace unmask {

enum class DataHash : uint8_t {
    contents,  // the bytes of every picture: every file is read once, of a shard its index alone
    names,     // the size of every picture
};

struct DataHashOptions {
    DataHash kind = DataHash::contents;
    bool forging = false;  // with landmarks and crop settings, which forgeries depend on
};

// Called now and then, from any thread, one at a time: pictures done and in all.
using DataHashProgress = std::function<void(int64_t done, int64_t total)>;

// "contents:" or "names:" and 16 hexadecimal digits over every column of every row, in order, and what the
// options say of their pictures: the same for a manifest and for the shard of its files. Reads on
// thread_count() threads. Error for a picture that cannot be read.
[[nodiscard]] std::string data_hash(const Manifest& manifest, const DataHashOptions& options = {},
                                    const DataHashProgress& progress = {});

// What a recorded hash covers; nothing for digits alone, which older versions wrote: names and sizes in another
// way, to be compared with no other.
[[nodiscard]] std::optional<DataHash> data_hash_kind(std::string_view hash);

// For messages: "the hash contents:… (rows and pictures)".
[[nodiscard]] std::string describe_data_hash(const std::string& hash);

}  // namespace unmask
