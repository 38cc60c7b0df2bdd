// SPDX-License-Identifier: Apache-2.0
// The manifest: a CSV file with one line per face picture, the contract between preparing, training and
// evaluating.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace unmask {

class Shard;

struct ManifestRow {
    std::string path;     // the picture; relative to the manifest's folder, or absolute
    std::string video;    // id of the video within dataset and method; scores of its rows are averaged
    std::string split;    // "train", "val", "test", or empty
    std::string dataset;  // such as "FaceForensics++"
    std::string method;   // "original", or what forged it, such as "Deepfakes"
    int label = 0;        // 0 real, 1 fake
    int64_t frame = 0;    // number of the frame in the video
    std::string
        identity{};  // who can be seen or was put in, joined by ';' (join_identities); empty: not known
    std::string compression{};  // "raw", "c23", "c40" or another level; empty: not known
    bool operator==(const ManifestRow&) const = default;
};

struct Manifest {
    std::filesystem::path directory;  // the folder that relative paths start from
    std::vector<ManifestRow> rows;
    std::filesystem::path source{};        // the file that it was read from, for messages; else empty
    std::shared_ptr<const Shard> shard{};  // what holds the pictures (data/shard); nothing: they are files

    // Where the row's picture is; of a shard, what messages call it. The pictures: data/manifest_pictures.h.
    [[nodiscard]] std::filesystem::path file(const ManifestRow& row) const;
};

// "real" or "fake".
[[nodiscard]] const char* label_name(int label);

// 0 for "real" or "0", 1 for "fake" or "1" (in any case), -1 for anything else.
[[nodiscard]] int parse_label(std::string_view text);

// Several identities as the manifest's one field, and back: joined by ';', which becomes ',' within a name.
[[nodiscard]] std::string join_identities(const std::vector<std::string>& identities);
[[nodiscard]] std::vector<std::string> split_identities(std::string_view joined);

// Reads CSV (RFC 4180; UTF-8 with or without a mark, LF or CRLF). The header line names the columns, in any
// order: `path` and `label` are required; without `video` each row is its own video, without `frame` it is 0,
// and `split`, `dataset`, `method`, `identity` and `compression` are empty. Other columns are ignored. Error
// names the file, the line, what was expected and what was found; a manifest without rows is an error. A
// packed shard is read as the manifest that it holds.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& path);

// The same from the text of such a file; `path` is what messages call it.
[[nodiscard]] Manifest parse_manifest(std::string_view text, const std::filesystem::path& path);

// The rows as CSV, `path,label,video,frame,split,dataset,method`, followed by `identity` and `compression`
// where any row has one. Row paths are written as they are.
[[nodiscard]] std::string manifest_text(const Manifest& manifest);
// Writes that atomically.
void write_manifest(const std::filesystem::path& path, const Manifest& manifest);

// The rows' files that do not exist, each once, in the manifest's order.
[[nodiscard]] std::vector<std::filesystem::path> missing_files(const Manifest& manifest);

// Error with the manifest's file, the number of missing files and the first five of them, unless all are
// there.
void check_files(const Manifest& manifest);

}  // namespace unmask
