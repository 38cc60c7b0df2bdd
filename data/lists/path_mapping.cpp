// SPDX-License-Identifier: Apache-2.0
#include "data/lists/path_mapping.h"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "data/layouts/listing.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

constexpr size_t looked_for = 64;

bool has_drive(const std::string& path) {
    return path.size() > 2 && std::isalpha(static_cast<unsigned char>(path[0])) != 0 && path[1] == ':' &&
           path[2] == '/';
}

}  // namespace

std::string plain_path(const std::string& written, const std::string& where) {
    if (written.empty()) fail("{}: expected a path, found an empty text", where);
    if (written.find('\0') != std::string::npos) fail("{}: the path has a byte 0 in it", where);
    std::string path = written;
    std::ranges::replace(path, '\\', '/');
    if (has_drive(path)) path.erase(0, 2);
    path = fs::path(path).lexically_normal().generic_string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (path == ".." || path.starts_with("../"))
        fail("{}: the path \"{}\" leads out of the folder that it starts from", where, written);
    if (path == "." || path == "/")
        fail("{}: expected the path of a file or folder, found \"{}\"", where, written);
    return path;
}

size_t common_parts(const std::vector<std::string>& paths) {
    if (paths.empty()) return 0;
    const std::vector<std::string> first = path_parts(paths.front());
    size_t common = first.size() - 1;
    for (const std::string& path : paths) {
        const std::vector<std::string> parts = path_parts(path);
        common = std::min(common, parts.size() - 1);
        common =
            size_t(std::mismatch(first.begin(), first.begin() + std::ptrdiff_t(common), parts.begin()).first -
                   first.begin());
    }
    return common;
}

fs::path PathMapping::apply(const Rule& rule, const std::string& plain) {
    if (rule.left_out == 0) return rule.base / plain;  // an absolute path replaces the base
    const std::vector<std::string> parts = path_parts(plain);
    fs::path path = rule.base;
    for (size_t i = rule.left_out; i < parts.size(); ++i) path /= parts[i];
    return path;
}

PathMapping::Rule PathMapping::learn(const std::vector<std::string>& paths,
                                     const std::vector<fs::path>& bases, const fs::path& root) {
    const size_t common = common_parts(paths);
    const size_t step = std::max<size_t>(1, paths.size() / looked_for);
    const auto count = [&](const Rule& rule) {
        size_t found = 0;
        std::error_code ignored;
        for (size_t i = 0; i < paths.size(); i += step) found += fs::exists(apply(rule, paths[i]), ignored);
        return found;
    };
    Rule best{bases.front(), 0};
    size_t most = 0;
    for (const fs::path& base : bases)
        // Only below the root: 071_054 lies in the folder of every method.
        for (size_t left_out = 0; left_out <= (base == root ? common : 0); ++left_out) {
            const Rule rule{base, left_out};
            if (const size_t found = count(rule); found > most) {
                most = found;
                best = rule;
            }
        }
    return best;
}

PathMapping::PathMapping(std::span<const std::string> paths, const fs::path& root,
                         const fs::path& list_folder) {
    std::vector<std::string> absolute, relative;
    for (const std::string& path : paths) (path.starts_with('/') ? absolute : relative).push_back(path);
    const fs::path start = root.empty() ? list_folder : root;
    if (!absolute.empty()) {
        std::vector<fs::path> bases{"/"};
        if (!root.empty()) bases.push_back(root);
        absolute_ = learn(absolute, bases, root);
        if (absolute_.left_out > 0)
            notices_.push_back(absolute.front() + " is taken as " +
                               apply(absolute_, absolute.front()).string() + ", and so on");
    }
    if (relative.empty()) return;
    std::vector<fs::path> bases{start.empty() ? "." : start};
    if (root.empty()) bases.emplace_back(".");
    if (!absolute.empty()) {
        fs::path above = apply(absolute_, absolute.front()).parent_path();
        for (; above.has_relative_path(); above = above.parent_path()) bases.push_back(above);
    }
    relative_ = learn(relative, bases, root);
    if (relative_.left_out > 0 || relative_.base != bases.front())
        notices_.push_back(relative.front() + " is taken as " + apply(relative_, relative.front()).string() +
                           ", and so on");
}

fs::path PathMapping::resolve(const std::string& plain) const {
    return apply(plain.starts_with('/') ? absolute_ : relative_, plain).lexically_normal();
}

}  // namespace unmask
