// SPDX-License-Identifier: Apache-2.0
// Writes zip archives as PyTorch's reader wants them: stored entries whose data begin at multiples of 64
// bytes, zip64 where sizes ask for it, no dates.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace unmask {

class ZipWriter {
  public:
    // Writes to the stream from its beginning; it must outlive the writer.
    explicit ZipWriter(std::ostream& out) : out_(out) {}

    // An entry of these bytes; names are unique.
    void add(const std::string& name, std::string_view bytes);
    // The directory. Nothing may be added after it.
    void finish();

  private:
    struct Entry {
        std::string name;
        uint64_t offset, bytes;
        uint32_t checksum;
    };
    void put(std::string_view bytes);

    std::ostream& out_;
    uint64_t written_ = 0;
    std::vector<Entry> entries_;
};

}  // namespace unmask
