// SPDX-License-Identifier: Apache-2.0
#include "data/data_hash.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cpu/parallel.h"
#include "data/file_magic.h"
#include "data/landmarks/manifest_landmarks.h"
#include "data/manifest_pictures.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/checksum.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view prefixes[] = {"contents:", "names:"};  // by DataHash

uint64_t number_of(const Manifest& manifest, const ManifestRow& row, DataHash kind) {
    if (kind == DataHash::names) return picture_bytes(manifest, row);
    if (manifest.shard != nullptr) return manifest.shard->picture_checksum(row.path);
    return checksum(read_file(manifest.file(row), max_picture_bytes));
}

// A number for each different path, in the order of their first rows.
std::vector<uint64_t> numbers_of(const Manifest& manifest, DataHash kind, const DataHashProgress& progress) {
    std::unordered_map<std::string_view, size_t> known;
    std::vector<const ManifestRow*> firsts;
    for (const ManifestRow& row : manifest.rows)
        if (known.emplace(row.path, firsts.size()).second) firsts.push_back(&row);
    std::vector<uint64_t> numbers(firsts.size());
    std::mutex mutex;
    int64_t done = 0;
    constexpr int64_t chunk = 64;
    parallel_for(std::ssize(firsts), chunk, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            numbers[size_t(i)] = number_of(manifest, *firsts[size_t(i)], kind);
        if (!progress) return;
        const std::lock_guard lock(mutex);
        progress(done += end - begin, std::ssize(firsts));
    });
    return numbers;
}

std::string forging_text(const Manifest& manifest) {
    std::string text;
    if (!manifest.source.empty())
        if (const auto crop = read_crop_settings(manifest.source))
            text = fmt::format("{} {} {} {}\n", crop->size, crop->margin, crop->detector, crop->aligned);
    for (const auto& [path, landmarks] : landmarks_of(manifest)) {
        text += path;
        for (const Point& point : landmarks) text += fmt::format(" {} {}", point.x, point.y);
        text += '\n';
    }
    return text;
}

}  // namespace

std::string data_hash(const Manifest& manifest, const DataHashOptions& options,
                      const DataHashProgress& progress) {
    std::string text = manifest_text(manifest);
    for (const uint64_t number : numbers_of(manifest, options.kind, progress))
        text += fmt::format("{:016x}\n", number);
    if (options.forging) text += forging_text(manifest);
    return fmt::format("{}{:016x}", prefixes[size_t(options.kind)], checksum(text));
}

std::optional<DataHash> data_hash_kind(std::string_view hash) {
    for (const DataHash kind : {DataHash::contents, DataHash::names})
        if (hash.starts_with(prefixes[size_t(kind)])) return kind;
    return {};
}

std::string describe_data_hash(const std::string& hash) {
    const std::optional<DataHash> kind = data_hash_kind(hash);
    const char* covers = !kind                         ? "names and sizes, as older versions took it"
                         : *kind == DataHash::contents ? "the pictures' contents"
                                                       : "names and sizes";
    return fmt::format("the hash {} ({})", hash, covers);
}

}  // namespace unmask
