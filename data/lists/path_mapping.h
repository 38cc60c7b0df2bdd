// SPDX-License-Identifier: Apache-2.0
// Where the paths of a list are on this machine: lists are written elsewhere, with other roots.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace unmask {

// The path with "/" for "\", without "." and doubled separators; a drive's letter counts as the root. Error
// (which names `where`) for an empty path, one with a byte 0, and a relative one that leads out of its start
// by "..".
[[nodiscard]] std::string plain_path(const std::string& written, const std::string& where);

class PathMapping {
  public:
    // Learns from the plain paths of one list. Absolute ones are taken as they are, relative ones from `root`
    // or, when that is empty, from the list's folder, the current one, or a folder above the absolute ones.
    // Where that does not lead to existing files and there is a root, the parts that all absolute (or all
    // relative) paths begin with are left out one by one below it: what tells paths apart always stays. Up to
    // 64 of the paths are looked for on disk.
    PathMapping(std::span<const std::string> paths, const std::filesystem::path& root,
                const std::filesystem::path& list_folder);

    [[nodiscard]] std::filesystem::path resolve(const std::string& plain) const;

    // How paths were changed, one line each, such as "/data/FF++/a is taken as /mnt/FF++/a".
    [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

  private:
    struct Rule {
        std::filesystem::path base;
        size_t left_out = 0;  // parts at the start of the written path
    };
    static std::filesystem::path apply(const Rule& rule, const std::string& plain);
    static Rule learn(const std::vector<std::string>& paths, const std::vector<std::filesystem::path>& bases,
                      const std::filesystem::path& root);

    Rule absolute_, relative_;
    std::vector<std::string> notices_;
};

// The parts that all paths begin with, never the last part of any.
[[nodiscard]] size_t common_parts(const std::vector<std::string>& paths);

}  // namespace unmask
