// SPDX-License-Identifier: Apache-2.0
// A file's bytes as memory, read when they are touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace unmask {

class MappedFile {
  public:
    // Maps the whole file for reading. Error names the file: missing, not a regular file, empty, unreadable.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    [[nodiscard]] std::span<const uint8_t> bytes() const { return {data_, size_}; }
    // Error when the file has become shorter since it was mapped: touching what is gone would end the
    // program.
    void check_length() const;

  private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace unmask
