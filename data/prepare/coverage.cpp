// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>
#include <vector>

#include "data/csv_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view header =
    "dataset,video,asked,decoded,unreadable,no_face,several_faces,faces,source,problem";

int64_t count(const std::string& text, const std::filesystem::path& path, int64_t line) {
    int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        fail("{}:{}: expected a number of frames, found \"{}\"; the file can be removed", path.string(), line,
             text);
    return value;
}

std::string table_line(std::string_view name, size_t width, const VideoReport& v) {
    return fmt::format("{:<{}} {:>8} {:>10} {:>8} {:>8} {:>8}\n", name, width, v.asked, v.unreadable(),
                       v.no_face, v.several_faces, v.faces);
}

bool misses_some(const VideoReport& video) {
    return video.faces == 0 || video.faces < video.asked || !video.problem.empty();
}

}  // namespace

void write_coverage(const std::filesystem::path& path, std::span<const VideoReport> videos) {
    std::vector<VideoReport> all(videos.begin(), videos.end());
    std::set<std::pair<std::string, std::string>> present;
    for (const VideoReport& video : videos) present.emplace(video.dataset, video.video);
    for (VideoReport& earlier : read_coverage(path))
        if (!present.contains({earlier.dataset, earlier.video})) all.push_back(std::move(earlier));
    std::string text(header);
    text += "\n";
    for (const VideoReport& v : all)
        text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_field(v.dataset), csv_field(v.video),
                            v.asked, v.decoded, v.unreadable(), v.no_face, v.several_faces, v.faces,
                            csv_field(v.path.string()), csv_field(v.problem));
    write_file_atomically(path, text);
}

std::vector<VideoReport> read_coverage(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return {};
    const std::vector<CsvRecord> records = read_csv(path);
    std::vector<VideoReport> videos;
    for (size_t i = 0; i < records.size(); ++i) {
        const auto& [line, fields] = records[i];
        if (fields.size() != 10 || (i == 0 && fields[9] != "problem"))
            fail("{}:{}: expected {}, found {} fields; the file can be removed", path.string(), line, header,
                 fields.size());
        if (i == 0) continue;
        const auto number = [&](size_t field) { return count(fields[field], path, line); };
        videos.push_back({.dataset = fields[0],
                          .video = fields[1],
                          .path = fields[8],
                          .asked = number(2),
                          .decoded = number(3),
                          .faces = number(7),
                          .no_face = number(5),
                          .several_faces = number(6),
                          .problem = fields[9]});
    }
    return videos;
}

std::string coverage_table(std::span<const VideoReport> videos, size_t most,
                           const std::filesystem::path& file) {
    VideoReport sum;
    std::vector<const VideoReport*> shown;
    size_t incomplete = 0, width = 32;
    for (const VideoReport& video : videos) incomplete += misses_some(video) ? 1 : 0;
    // All where they fit, otherwise those with something to say.
    const bool everything = videos.size() <= most;
    for (const VideoReport& video : videos) {
        sum.asked += video.asked;
        sum.decoded += video.decoded;
        sum.faces += video.faces;
        sum.no_face += video.no_face;
        sum.several_faces += video.several_faces;
        if ((everything || misses_some(video)) && shown.size() < most) {
            width = std::max(width, video.dataset.size() + 1 + video.video.size());
            shown.push_back(&video);
        }
    }
    std::string text = fmt::format("{:<{}} {:>8} {:>10} {:>8} {:>8} {:>8}\n", "frames", width, "asked",
                                   "unreadable", "no face", "several", "faces");
    for (const VideoReport* video : shown)
        text += table_line(video->dataset + "/" + video->video, width, *video);
    if (shown.size() < videos.size())
        text += fmt::format("… {} more videos, {} of them without all their faces, in {}\n",
                            videos.size() - shown.size(), everything ? 0 : incomplete - shown.size(),
                            file.string());
    return text + table_line(videos.size() == 1 ? "1 video" : fmt::format("all {} videos", videos.size()),
                             width, sum);
}

}  // namespace unmask
