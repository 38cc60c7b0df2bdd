// SPDX-License-Identifier: Apache-2.0
#include "data/layouts/listing.h"

#include <algorithm>
#include <cctype>
#include <system_error>

namespace unmask {

namespace fs = std::filesystem;

std::string lower_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

std::vector<std::string> path_parts(const fs::path& path) {
    std::vector<std::string> parts;
    for (const fs::path& part : path) parts.push_back(part.string());
    return parts;
}

fs::path first_parts(const std::vector<std::string>& parts, size_t count) {
    fs::path path;
    for (size_t i = 0; i < count; ++i) path /= parts[i];
    return path;
}

std::string video_name(const fs::path& path, SourceKind kind) {
    if (kind != SourceKind::folder) return path.stem().string();
    static const std::set<std::string> endings{".mp4", ".avi", ".mov", ".mkv", ".webm"};
    const bool like_a_file = endings.count(lower_case(path.extension().string())) != 0;
    return like_a_file ? path.stem().string() : path.filename().string();
}

fs::path group_folder(const fs::path& video) {
    const fs::path folder = video.parent_path();
    const std::string name = lower_case(folder.filename().string());
    return name == "videos" || name == "frames" ? folder.parent_path() : folder;
}

fs::path file_ignoring_case(const fs::path& folder, const std::string& name) {
    std::error_code error;
    if (fs::exists(folder / name, error)) return folder / name;
    fs::path found;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
        if (lower_case(entry->path().filename().string()) == lower_case(name) &&
            (found.empty() || entry->path() < found))
            found = entry->path();
    return found;
}

bool lies_below(const fs::path& folder, const fs::path& root) {
    const fs::path relative = folder.lexically_relative(root);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace unmask
