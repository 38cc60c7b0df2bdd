// SPDX-License-Identifier: Apache-2.0
#include "data/shard/shard.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>

#include "data/picture.h"
#include "engine/checksum.h"
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
    return {place->second, read_shard_entry(file_.bytes(), header_, place->second, name_)};
}

std::span<const uint8_t> Shard::checked(const ShardPart& part, size_t row, const char* what) const {
    const auto bytes = file_.bytes().subspan(part.offset, part.bytes);
    if (checksum(bytes) != part.checksum)
        fail("{}: the shard is corrupt: the checksum of {} {} (row {}, byte {}, {} bytes) is wrong", name_,
             what, manifest_.rows[row].path, row + 1, part.offset, part.bytes);
    return bytes;
}

Image Shard::picture(const std::string& row_path) const {
    const auto [row, entry] = find(row_path);
    const auto bytes = checked(entry.part, row, "picture");
    if (entry.encoding == ShardEncoding::file)
        return read_picture_from_memory(bytes, manifest_.file(manifest_.rows[row]).string());
    Image image;
    image.width = static_cast<int>(entry.width);
    image.height = static_cast<int>(entry.height);
    image.pixels.assign(bytes.begin(), bytes.end());
    return image;
}

std::vector<uint8_t> Shard::picture_file(const std::string& row_path) const {
    const auto [row, entry] = find(row_path);
    if (entry.encoding != ShardEncoding::file)
        fail("{}: the shard holds pixels of {} x {}, not the file of picture {}", name_, entry.width,
             entry.height, row_path);
    const auto bytes = checked(entry.part, row, "picture");
    return {bytes.begin(), bytes.end()};
}

Landmarks Shard::landmarks(const std::string& row_path) const {
    const auto [row, entry] = find(row_path);
    if (entry.landmarks.bytes == 0) return {};
    return read_shard_landmarks(checked(entry.landmarks, row, "the landmarks of"), name_, row);
}

uint64_t Shard::picture_bytes(const std::string& row_path) const {
    const auto found = row_of_.find(row_path);
    return found == row_of_.end() ? 0
                                  : read_shard_entry(file_.bytes(), header_, found->second, name_).part.bytes;
}

uint64_t Shard::picture_checksum(const std::string& row_path) const {
    return find(row_path).entry.part.checksum;
}

Manifest read_shard_manifest(const std::filesystem::path& path) {
    auto shard = std::make_shared<const Shard>(path);
    Manifest manifest = shard->manifest();
    manifest.shard = std::move(shard);
    return manifest;
}

}  // namespace unmask
