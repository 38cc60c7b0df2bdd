// SPDX-License-Identifier: Apache-2.0
// Packed shards: a manifest, all its pictures and their landmarks in one memory-mapped file, checked when
// they are read. The bytes: shard_format.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/image.h"
#include "data/manifest.h"
#include "data/shard/mapped_file.h"
#include "data/shard/shard_format.h"

namespace unmask {

// Whether the file begins like a shard, whole or not; false for a file that cannot be read.
[[nodiscard]] bool is_shard(const std::filesystem::path& path);

class Shard {
  public:
    // Maps the file and checks its header, manifest and index; the pictures when they are asked for. Error
    // names the file, what is wrong and where.
    explicit Shard(const std::filesystem::path& path);

    // The rows; they do not know the shard.
    [[nodiscard]] const Manifest& manifest() const { return manifest_; }
    // The text of prepare.json; empty where there was none.
    [[nodiscard]] std::string_view settings() const;
    // Side of the stored pixels; 0 where the pictures' files are stored as they were.
    [[nodiscard]] int size() const { return static_cast<int>(header_.size); }

    // By the path of a row. Error when no row has that path.
    [[nodiscard]] Image picture(const std::string& row_path) const;
    // The bytes of its file. Error as well where the shard holds pixels.
    [[nodiscard]] std::vector<uint8_t> picture_file(const std::string& row_path) const;
    // In pixels of the stored picture; empty where they are not known. Error when no row has that path.
    [[nodiscard]] Landmarks landmarks(const std::string& row_path) const;
    // Bytes that its picture takes in the shard; 0 when no row has that path.
    [[nodiscard]] uint64_t picture_bytes(const std::string& row_path) const;
    // The checksum of its bytes, as the index has it. Error when no row has that path.
    [[nodiscard]] uint64_t picture_checksum(const std::string& row_path) const;

  private:
    struct Found {
        size_t row;
        ShardEntry entry;
    };
    [[nodiscard]] Found find(const std::string& row_path) const;
    // The part's bytes, which the checksum was found right for; `what` of the row's path it is, for the
    // Error.
    [[nodiscard]] std::span<const uint8_t> checked(const ShardPart& part, size_t row, const char* what) const;

    std::string name_;
    MappedFile file_;
    ShardHeader header_;
    Manifest manifest_;
    std::unordered_map<std::string_view, size_t> row_of_;
};

// The manifest of a shard, whose pictures are read from it.
[[nodiscard]] Manifest read_shard_manifest(const std::filesystem::path& path);

struct PackOptions {
    int size = 0;  // side of the pixels to store, decoded and resized; 0: the files as they are
};

// Called after each picture, from one thread: pictures done and in all.
using PackProgress = std::function<void(int64_t done, int64_t total)>;

// Writes the manifest's rows, pictures and landmarks to `path`, atomically. A picture is decoded in any case,
// so that a broken one is an Error here (naming it) and not in the middle of a training. Returns the bytes
// written.
uint64_t pack_shard(const Manifest& manifest, const std::filesystem::path& path, const PackOptions& options,
                    const PackProgress& progress = {});

}  // namespace unmask
