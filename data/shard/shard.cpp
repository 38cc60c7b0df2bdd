// SPDX-License-Identifier: Apache-2.0
#include "data/shard/shard.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>

#include "data/picture.h"
#include "engine/error.h"

namespace unmask {

bool is_shard(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return false;
    std::array<char, shard_magic.size()> start{};
    std::ifstream file(path, std::ios::binary);
    return file.read(start.data(), start.size()) &&
           std::ranges::equal(start, shard_magic, {}, [](char c) { return static_cast<uint8_t>(c); });
}

Shard::Shard(const std::filesystem::path& path)
    : name_(path.string()), file_(path), header_(read_shard_header(file_.bytes(), name_)) {
    const auto text = file_.bytes().subspan(header_.manifest.offset, header_.manifest.bytes);
    manifest_ = parse_manifest({reinterpret_cast<const char*>(text.data()), text.size()}, path);
    // Messages then name a picture as FILE.shard/PATH.
    manifest_.directory = path;
    if (manifest_.rows.size() != header_.rows)
        fail("{}: the shard is corrupt: {} rows, but an index of {}", name_, manifest_.rows.size(),
             header_.rows);
    row_of_.reserve(manifest_.rows.size());
    for (size_t i = 0; i < manifest_.rows.size(); ++i) {
        static_cast<void>(read_shard_entry(file_.bytes(), header_, i, name_));
        row_of_.emplace(manifest_.rows[i].path, i);
    }
}

std::string_view Shard::settings() const {
    const auto text = file_.bytes().subspan(header_.settings.offset, header_.settings.bytes);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
}

Shard::Found Shard::find(const std::string& row_path) const {
    const auto place = row_of_.find(row_path);
    if (place == row_of_.end()) fail("{}: the shard has no picture \"{}\"", name_, row_path);
    file_.check_length();
    const ShardEntry entry = read_shard_entry(file_.bytes(), header_, place->second, name_);
    const auto bytes = file_.bytes().subspan(entry.part.offset, entry.part.bytes);
    if (shard_checksum(bytes) != entry.part.checksum)
        fail("{}: the shard is corrupt: the checksum of picture {} (row {}, byte {}, {} bytes) is wrong",
             name_, row_path, place->second + 1, entry.part.offset, entry.part.bytes);
    return {place->second, entry, bytes};
}

Image Shard::picture(const std::string& row_path) const {
    const Found found = find(row_path);
    if (found.entry.encoding == ShardEncoding::file)
        return read_picture_from_memory(found.bytes, manifest_.file(manifest_.rows[found.row]).string());
    Image image;
    image.width = static_cast<int>(found.entry.width);
    image.height = static_cast<int>(found.entry.height);
    image.pixels.assign(found.bytes.begin(), found.bytes.end());
    return image;
}

std::vector<uint8_t> Shard::picture_file(const std::string& row_path) const {
    const Found found = find(row_path);
    if (found.entry.encoding != ShardEncoding::file)
        fail("{}: the shard holds pixels of {} x {}, not the file of picture {}", name_, found.entry.width,
             found.entry.height, row_path);
    return {found.bytes.begin(), found.bytes.end()};
}

uint64_t Shard::picture_bytes(const std::string& row_path) const {
    const auto found = row_of_.find(row_path);
    return found == row_of_.end() ? 0
                                  : read_shard_entry(file_.bytes(), header_, found->second, name_).part.bytes;
}

Manifest read_shard_manifest(const std::filesystem::path& path) {
    auto shard = std::make_shared<const Shard>(path);
    Manifest manifest = shard->manifest();
    manifest.shard = std::move(shard);
    return manifest;
}

}  // namespace unmask
