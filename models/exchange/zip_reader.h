// SPDX-License-Identifier: Apache-2.0
// Zip archives as PyTorch writes them: every entry stored, not compressed. A reader of stored entries has no
// decompressor, so that an entry is never larger than its archive; libzip and minizip would bring one, and
// with it zip bombs to guard against, for files that never use it. Nothing is ever unpacked to disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace unmask {

class ZipReader {
  public:
    struct Entry {
        uint64_t offset = 0, bytes = 0;  // of the data within the archive
        uint32_t checksum = 0;           // CRC-32
    };

    // Reads the directory, with zip64 where it is. Error names the file and what is wrong: no archive, cut
    // off, entries that are compressed or encrypted, lie outside the file or over each other, have the same
    // name or one that leads out of the archive (absolute, "..", a backslash). Nothing is allocated that the
    // file is too small for.
    explicit ZipReader(const std::filesystem::path& path);

    // By name.
    [[nodiscard]] const std::map<std::string, Entry>& entries() const { return entries_; }

    // Reads the entry's bytes to `target`, which has room for them. Error when the checksum is wrong.
    void read(const std::string& name, const Entry& entry, void* target);
    // The same as a text; Error when it is longer than `most` bytes.
    [[nodiscard]] std::string read_text(const std::string& name, const Entry& entry, uint64_t most);

  private:
    struct Directory {
        uint64_t offset = 0, bytes = 0, entries = 0;
    };
    [[nodiscard]] std::string bytes_at(uint64_t offset, uint64_t count, const char* what);
    [[nodiscard]] Directory find_directory();
    void read_zip64_end(uint64_t end_offset, Directory& directory);
    void read_directory(const Directory& directory);
    [[nodiscard]] uint64_t data_offset(const std::string& name, uint64_t local_offset);
    void check_overlaps() const;

    std::string file_;
    std::ifstream stream_;
    uint64_t file_bytes_ = 0;
    std::map<std::string, Entry> entries_;
};

}  // namespace unmask
