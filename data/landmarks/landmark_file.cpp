// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "data/csv_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

double coordinate(const std::string& text, const std::filesystem::path& path, int64_t line) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        fail("{}:{}: expected a coordinate, found \"{}\"", path.string(), line, text);
    return value;
}

}  // namespace

std::filesystem::path landmark_file(const std::filesystem::path& folder) {
    return folder / "landmarks.csv";
}

void write_landmarks(const std::filesystem::path& folder, const LandmarkTable& table) {
    std::string text = "file";
    for (int i = 0; i < landmark_count; ++i) text += fmt::format(",x{0},y{0}", i);
    text += "\n";
    for (const auto& [file, landmarks] : table) {
        UNMASK_ASSERT(landmarks.size() == size_t(landmark_count));
        text += csv_field(file);
        for (const Point& point : landmarks) text += fmt::format(",{:.2f},{:.2f}", point.x, point.y);
        text += "\n";
    }
    write_file_atomically(landmark_file(folder), text);
}

LandmarkTable read_landmarks(const std::filesystem::path& folder) {
    const std::filesystem::path path = landmark_file(folder);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return {};
    const std::vector<CsvRecord> records = read_csv(path);
    if (records.empty() || records[0].fields[0] != "file")
        fail("{}: expected a header that begins with file, found none", path.string());
    LandmarkTable table;
    for (size_t i = 1; i < records.size(); ++i) {
        const auto& [line, fields] = records[i];
        if (fields.size() != 1 + 2 * size_t(landmark_count))
            fail("{}:{}: expected a file and {} coordinates, found {} fields", path.string(), line,
                 2 * landmark_count, fields.size());
        Landmarks& landmarks = table[fields[0]];
        landmarks.clear();
        for (size_t k = 1; k < fields.size(); k += 2)
            landmarks.push_back({coordinate(fields[k], path, line), coordinate(fields[k + 1], path, line)});
    }
    return table;
}

}  // namespace unmask
