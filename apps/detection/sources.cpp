// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/sources.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "data/file_magic.h"
#include "data/frame_source.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

DetectionInput itself(const fs::path& path) {
    return {.path = path, .name = path, .problem = ""};
}

std::vector<fs::path> videos_in_folder(const fs::path& folder) {
    std::vector<fs::path> videos;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::error_code ignored;
        if (entry->path().filename().string()[0] != '.' && entry->is_regular_file(ignored) &&
            is_video_file(entry->path()) && !is_picture(file_magic(entry->path())))
            videos.push_back(entry->path());
    }
    if (error) fail("{}: the folder cannot be read: {}", folder.string(), error.message());
    return videos;
}

std::vector<DetectionInput> inputs_of_folder(const fs::path& folder, bool clip) {
    std::vector<DetectionInput> inputs;
    try {
        std::vector<fs::path> files = videos_in_folder(folder);
        const std::vector<fs::path> pictures = pictures_in_folder(folder);
        if (clip && !pictures.empty()) inputs.push_back(itself(folder));
        if (!clip) files.insert(files.end(), pictures.begin(), pictures.end());
        std::ranges::sort(files, [](const fs::path& a, const fs::path& b) {
            return natural_less(a.filename().string(), b.filename().string());
        });
        for (const fs::path& file : files) inputs.push_back(itself(file));
    } catch (const Error& error) {
        return {{.path = folder, .name = folder, .problem = error.what()}};
    }
    if (inputs.empty())
        inputs.push_back({.path = folder,
                          .name = folder,
                          .problem = fmt::format("{}: the folder itself holds no picture (PNG, JPEG or BMP) "
                                                 "and no video; folders in it are not searched",
                                                 folder.string())});
    return inputs;
}

bool is_pattern(const std::string& text) {
    return text.find_first_of("*?[") != std::string::npos;
}

std::vector<std::string> matches_of(const std::string& pattern) {
    struct Matches : glob_t {
        Matches() : glob_t{} {}
        ~Matches() { ::globfree(this); }
    } found;
    std::vector<std::string> names;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
        names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    std::ranges::sort(names, natural_less);
    return names;
}

}  // namespace

std::vector<DetectionInput> expand_input(const std::string& argument, bool clip,
                                         const fs::path& standard_input) {
    if (argument == "-") return {{.path = standard_input, .name = "-", .problem = ""}};
    std::error_code error;
    if (fs::is_directory(argument, error)) return inputs_of_folder(argument, clip);
    if (!is_pattern(argument) || fs::exists(fs::symlink_status(argument, error))) return {itself(argument)};
    std::vector<DetectionInput> inputs;
    for (const std::string& name : matches_of(argument)) {
        std::vector<DetectionInput> more = fs::is_directory(name, error)
                                               ? inputs_of_folder(name, clip)
                                               : std::vector<DetectionInput>{itself(name)};
        inputs.insert(inputs.end(), more.begin(), more.end());
    }
    if (inputs.empty())
        inputs.push_back({.path = argument,
                          .name = argument,
                          .problem = fmt::format("{}: no file matches this pattern", argument)});
    return inputs;
}

void copy_standard_input(const fs::path& file) {
    std::ofstream output(file, std::ios::binary);
    std::array<char, 1 << 16> buffer;
    uint64_t bytes = 0;
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("standard input: reading failed: {}", std::strerror(errno));
        if (count == 0) break;
        if (!output.write(buffer.data(), count).flush()) break;
        bytes += uint64_t(count);
    }
    if (!output)
        fail("{}: standard input could not be copied there: {}", file.string(), std::strerror(errno));
    if (bytes == 0) fail("standard input: expected a picture or video, found nothing");
}

}  // namespace unmask
