// SPDX-License-Identifier: Apache-2.0
// The writing half of shard.h.
#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <unordered_map>
#include <vector>

#include "cpu/parallel.h"
#include "data/file_magic.h"
#include "data/landmarks/manifest_landmarks.h"
#include "data/manifest_pictures.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/atomic_file.h"
#include "engine/checksum.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Pictures that are decoded at once, before they are written one after the other.
constexpr int64_t pictures_at_once = 64;

struct Packed {
    std::vector<uint8_t> bytes;
    int width = 0, height = 0;  // of the picture before it was resized
    ShardEntry entry;
};

Packed pack_picture(const Manifest& manifest, const ManifestRow& row, int size) {
    Packed packed;
    if (size == 0) {
        packed.bytes = picture_file(manifest, row);
        static_cast<void>(read_picture_from_memory(packed.bytes, manifest.file(row).string()));
    } else {
        Image image = read_picture(manifest, row);
        packed.width = image.width;
        packed.height = image.height;
        image = resize(image, size, size);
        packed.bytes = std::move(image.pixels);
        packed.entry.width = packed.entry.height = static_cast<uint32_t>(size);
        packed.entry.encoding = ShardEncoding::pixels;
    }
    packed.entry.part.bytes = packed.bytes.size();
    packed.entry.part.checksum = checksum(packed.bytes);
    return packed;
}

// Writes one part behind the other and remembers where.
class Writer {
  public:
    explicit Writer(std::ostream& out) : out_(out) {
        out_.write(std::string(shard_header_bytes, '\0').data(), shard_header_bytes);
    }

    // The offset at which the bytes begin.
    uint64_t append(std::span<const uint8_t> bytes) {
        const uint64_t padding = (shard_alignment - end_ % shard_alignment) % shard_alignment;
        out_.write(std::string(padding, '\0').data(), std::streamsize(padding));
        const uint64_t offset = end_ + padding;
        out_.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
        end_ = offset + bytes.size();
        return offset;
    }
    ShardPart append_part(std::span<const uint8_t> bytes) {
        return {append(bytes), bytes.size(), checksum(bytes)};
    }
    [[nodiscard]] uint64_t end() const { return end_; }

  private:
    std::ostream& out_;
    uint64_t end_ = shard_header_bytes;
};

std::span<const uint8_t> as_bytes(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The pictures, then their landmarks, in the order of their first rows; `index` takes an entry a row.
void write_pictures(const Manifest& manifest, int size, Writer& writer, std::vector<uint8_t>& index,
                    const PackProgress& progress) {
    const std::vector<ManifestRow>& rows = manifest.rows;
    std::unordered_map<std::string_view, size_t> place;  // of a path among the different ones
    std::vector<size_t> firsts;                          // the row where each appears first
    for (size_t i = 0; i < rows.size(); ++i)
        if (place.emplace(rows[i].path, firsts.size()).second) firsts.push_back(i);
    std::vector<ShardEntry> entries(firsts.size());
    std::map<std::string, Landmarks> landmarks = landmarks_of(manifest);
    const auto count = static_cast<int64_t>(firsts.size());
    for (int64_t begin = 0; begin < count; begin += pictures_at_once) {
        std::vector<Packed> packed(size_t(std::min(pictures_at_once, count - begin)));
        parallel_for(int64_t(packed.size()), 1, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i)
                packed[size_t(i)] = pack_picture(manifest, rows[firsts[size_t(begin + i)]], size);
        });
        for (size_t i = 0; i < packed.size(); ++i) {
            packed[i].entry.part.offset = writer.append(packed[i].bytes);
            entries[size_t(begin) + i] = packed[i].entry;
            const auto found = landmarks.find(rows[firsts[size_t(begin) + i]].path);
            if (size != 0 && found != landmarks.end())
                found->second = resized_landmarks(found->second, packed[i].width, packed[i].height, size);
        }
        if (progress) progress(begin + int64_t(packed.size()), count);
    }
    for (size_t i = 0; i < firsts.size(); ++i)
        if (const auto found = landmarks.find(rows[firsts[i]].path); found != landmarks.end())
            entries[i].landmarks = writer.append_part(shard_landmark_text(found->second));
    for (const ManifestRow& row : rows) {
        const auto text = shard_entry_text(entries[place.at(row.path)]);
        index.insert(index.end(), text.begin(), text.end());
    }
}

}  // namespace

uint64_t pack_shard(const Manifest& manifest, const std::filesystem::path& path, const PackOptions& options,
                    const PackProgress& progress) {
    if (options.size < 0 || options.size > 4096)
        fail("the side of a shard's pictures must be from 1 to 4096 pixels, found {}", options.size);
    if (is_written_into(path))  // the header is written last, over its place
        fail("{}: expected a file for the shard, found a device or a pipe", path.string());
    if (manifest.rows.empty()) fail("a shard needs at least one picture, found none");
    check_files(manifest);
    ShardHeader header{.rows = manifest.rows.size(), .size = static_cast<uint32_t>(options.size)};
    write_file_atomically(path, [&](std::ostream& out) {
        Writer writer(out);
        std::vector<uint8_t> index;
        write_pictures(manifest, options.size, writer, index, progress);
        header.manifest = writer.append_part(as_bytes(manifest_text(manifest)));
        header.settings = writer.append_part(as_bytes(crop_settings_text(manifest.source)));
        header.index = writer.append_part(index);
        header.file_bytes = writer.end();
        out.seekp(0);
        const auto text = shard_header_text(header);
        out.write(reinterpret_cast<const char*>(text.data()), std::streamsize(text.size()));
    });
    return header.file_bytes;
}

}  // namespace unmask
