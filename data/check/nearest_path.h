// SPDX-License-Identifier: Apache-2.0
// For a path that does not exist: the one on disk that was most likely meant.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace unmask {

// How many letters have to be added, removed, replaced or exchanged with their neighbour to get from one text
// to the other; a difference in case alone counts as nothing. More than `limit` counts as limit + 1.
[[nodiscard]] int edit_distance(std::string_view a, std::string_view b, int limit);

// Keeps what it has read of folders. Not for several threads at once.
class NearestPath {
  public:
    // Follows the path from its start, and where a part is missing goes into the most similar name of that
    // folder; where none is similar it stops, and the last folder that exists is the answer. Never empty: at
    // worst "/" or ".".
    [[nodiscard]] std::filesystem::path find(const std::filesystem::path& missing);

  private:
    // The folder that comes closest to this one: itself where it exists.
    std::filesystem::path folder_for(const std::filesystem::path& folder, bool& complete);
    const std::vector<std::string>& names_in(const std::filesystem::path& folder);
    std::string similar_name(const std::filesystem::path& folder, const std::string& name, bool folders_only);

    struct Answer {
        std::filesystem::path path;
        bool complete;  // every part of it was found
    };
    std::map<std::filesystem::path, Answer> folders_;
    std::map<std::filesystem::path, std::vector<std::string>> names_;
};

}  // namespace unmask
