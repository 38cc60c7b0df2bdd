// SPDX-License-Identifier: Apache-2.0
#include "data/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <system_error>

#include "data/csv_file.h"
#include "data/manifest_pictures.h"
#include "data/shard/shard.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* header_line = "path,label,video,frame,split,dataset,method";

// Columns by name; -1 for one that the file does not have.
struct Columns {
    int path = -1, label = -1, video = -1, frame = -1, split = -1, dataset = -1, method = -1, identity = -1,
        compression = -1;
};

std::string joined(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields) line += (line.empty() ? "" : ",") + field;
    return line;
}

Columns read_header(const std::string& file, const CsvRecord& header) {
    Columns columns;
    const std::pair<const char*, int Columns::*> names[] = {{"path", &Columns::path},
                                                            {"label", &Columns::label},
                                                            {"video", &Columns::video},
                                                            {"frame", &Columns::frame},
                                                            {"split", &Columns::split},
                                                            {"dataset", &Columns::dataset},
                                                            {"method", &Columns::method},
                                                            {"identity", &Columns::identity},
                                                            {"compression", &Columns::compression}};
    for (const auto& [name, member] : names) {
        const auto found = std::find(header.fields.begin(), header.fields.end(), name);
        if (found == header.fields.end()) continue;
        columns.*member = int(found - header.fields.begin());
        if (std::find(found + 1, header.fields.end(), name) != header.fields.end())
            fail("{}:{}: column \"{}\" appears twice", file, header.line, name);
    }
    for (const auto& [name, index] : {std::pair{"path", columns.path}, std::pair{"label", columns.label}})
        if (index < 0)
            fail("{}:{}: expected a header with column \"{}\", such as {}, found: {}", file, header.line,
                 name, header_line, joined(header.fields));
    return columns;
}

int64_t read_frame(const std::string& file, const CsvRecord& record, const std::string& text) {
    int64_t frame = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), frame);
    if (error != std::errc() || end != text.data() + text.size() || frame < 0)
        fail("{}:{}: expected a frame number of 0 or more, found \"{}\"", file, record.line, text);
    return frame;
}

ManifestRow read_row(const std::string& file, const CsvRecord& record, const Columns& columns, size_t width) {
    if (record.fields.size() != width)
        fail("{}:{}: expected {} fields as in the header, found {}", file, record.line, width,
             record.fields.size());
    const auto field = [&](int column) { return column < 0 ? std::string() : record.fields[size_t(column)]; };
    ManifestRow row{field(columns.path),    field(columns.video),  field(columns.split),
                    field(columns.dataset), field(columns.method), parse_label(field(columns.label))};
    if (row.path.empty()) fail("{}:{}: the path is empty", file, record.line);
    if (row.label < 0)
        fail("{}:{}: expected label real, fake, 0 or 1, found \"{}\"", file, record.line,
             field(columns.label));
    if (columns.video < 0) row.video = row.path;
    if (row.video.empty()) fail("{}:{}: the video is empty", file, record.line);
    row.identity = field(columns.identity);
    row.compression = field(columns.compression);
    if (columns.frame >= 0) row.frame = read_frame(file, record, field(columns.frame));
    if (!row.split.empty() && row.split != "train" && row.split != "val" && row.split != "test")
        fail("{}:{}: expected split train, val, test or nothing, found \"{}\"", file, record.line, row.split);
    return row;
}

Manifest from_records(const std::vector<CsvRecord>& records, const std::filesystem::path& path) {
    const std::string file = path.string();
    if (records.empty())
        fail("{}: expected a header line such as {}, found an empty file", file, header_line);
    const Columns columns = read_header(file, records.front());
    Manifest manifest{path.parent_path(), {}, path};
    manifest.rows.reserve(records.size() - 1);
    for (size_t i = 1; i < records.size(); ++i)
        manifest.rows.push_back(read_row(file, records[i], columns, records.front().fields.size()));
    if (manifest.rows.empty()) fail("{}: the manifest has a header but no rows", file);
    return manifest;
}

}  // namespace

const char* label_name(int label) {
    return label == 0 ? "real" : "fake";
}

int parse_label(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    if (lower == "real" || lower == "0") return 0;
    return lower == "fake" || lower == "1" ? 1 : -1;
}

std::string join_identities(const std::vector<std::string>& identities) {
    std::string joined;
    for (std::string identity : identities) {
        std::ranges::replace(identity, ';', ',');
        joined += (joined.empty() ? "" : ";") + identity;
    }
    return joined;
}

std::vector<std::string> split_identities(std::string_view joined) {
    std::vector<std::string> identities;
    while (!joined.empty()) {
        const size_t end = std::min(joined.find(';'), joined.size());
        if (end > 0) identities.emplace_back(joined.substr(0, end));
        joined.remove_prefix(std::min(end + 1, joined.size()));
    }
    return identities;
}

std::filesystem::path Manifest::file(const ManifestRow& row) const {
    return directory / row.path;
}

Manifest read_manifest(const std::filesystem::path& path) {
    std::error_code ignored;
    if (const std::filesystem::path inside = path / "faces.csv";
        std::filesystem::is_regular_file(inside, ignored))
        fail("{}: expected a manifest, found a folder; its manifest is {}", path.string(), inside.string());
    return is_shard(path) ? read_shard_manifest(path) : from_records(read_csv(path), path);
}

Manifest parse_manifest(std::string_view text, const std::filesystem::path& path) {
    return from_records(parse_csv(text, path.string()), path);
}

std::string manifest_text(const Manifest& manifest) {
    const bool identities =
        std::ranges::any_of(manifest.rows, [](const auto& row) { return !row.identity.empty(); });
    const bool levels =
        std::ranges::any_of(manifest.rows, [](const auto& row) { return !row.compression.empty(); });
    std::string text =
        fmt::format("{}{}{}\n", header_line, identities ? ",identity" : "", levels ? ",compression" : "");
    for (const ManifestRow& row : manifest.rows) {
        text += fmt::format("{},{},{},{},{},{},{}", csv_field(row.path), label_name(row.label),
                            csv_field(row.video), row.frame, csv_field(row.split), csv_field(row.dataset),
                            csv_field(row.method));
        if (identities) text += "," + csv_field(row.identity);
        if (levels) text += "," + csv_field(row.compression);
        text += "\n";
    }
    return text;
}

void write_manifest(const std::filesystem::path& path, const Manifest& manifest) {
    write_file_atomically(path, manifest_text(manifest));
}

std::vector<std::filesystem::path> missing_files(const Manifest& manifest) {
    std::vector<std::filesystem::path> missing;
    std::set<std::string> seen;
    for (const ManifestRow& row : manifest.rows) {
        if (seen.insert(row.path).second && !has_picture(manifest, row))
            missing.push_back(manifest.file(row));
    }
    return missing;
}

void check_files(const Manifest& manifest) {
    constexpr size_t shown = 5;
    const std::vector<std::filesystem::path> missing = missing_files(manifest);
    if (missing.empty()) return;
    std::string names;
    for (size_t i = 0; i < std::min(shown, missing.size()); ++i)
        names += (i ? ", " : "") + missing[i].string();
    fail(
        "{}{} of the manifest's {} rows name files that do not exist: {}{}; relative paths start from \"{}\"",
        manifest.source.empty() ? std::string() : manifest.source.string() + ": ", missing.size(),
        manifest.rows.size(), names, missing.size() > shown ? ", …" : "",
        manifest.directory.empty() ? "." : manifest.directory.string());
}

}  // namespace unmask
