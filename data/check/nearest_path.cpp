// SPDX-License-Identifier: Apache-2.0
#include "data/check/nearest_path.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <system_error>

namespace unmask {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

char lower(char letter) {
    return char(std::tolower(static_cast<unsigned char>(letter)));
}

std::string digits_of(std::string name) {
    std::erase_if(name, [](unsigned char letter) { return std::isdigit(letter) == 0; });
    return name;
}

// How different a name may be and still count as similar.
int tolerance(const std::string& name) {
    return std::max(1, int(name.size()) / 3);
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b, int limit) {
    const int rows = int(a.size()), columns = int(b.size());
    if (std::abs(rows - columns) > limit) return limit + 1;
    // Three rows of the table of distances between the beginnings of a and of b.
    std::vector<int> earlier(size_t(columns) + 1), above(earlier.size()), current(earlier.size());
    std::iota(above.begin(), above.end(), 0);
    for (int i = 1; i <= rows; ++i) {
        current[0] = i;
        int smallest = i;
        for (int j = 1; j <= columns; ++j) {
            const char x = lower(a[size_t(i - 1)]), y = lower(b[size_t(j - 1)]);
            int best = std::min(
                {above[size_t(j)] + 1, current[size_t(j - 1)] + 1, above[size_t(j - 1)] + (x == y ? 0 : 1)});
            if (i > 1 && j > 1 && x == lower(b[size_t(j - 2)]) && lower(a[size_t(i - 2)]) == y)
                best = std::min(best, earlier[size_t(j - 2)] + 1);
            current[size_t(j)] = best;
            smallest = std::min(smallest, best);
        }
        if (smallest > limit) return limit + 1;
        std::swap(earlier, above);
        std::swap(above, current);
    }
    return std::min(above[size_t(columns)], limit + 1);
}

const std::vector<std::string>& NearestPath::names_in(const fs::path& folder) {
    const auto [entry, added] = names_.try_emplace(folder);
    if (added) {
        std::error_code error;
        for (fs::directory_iterator item(folder.empty() ? "." : folder, error), end; !error && item != end;
             item.increment(error))
            entry->second.push_back(item->path().filename().string());
        std::ranges::sort(entry->second);
    }
    return entry->second;
}

std::string NearestPath::similar_name(const fs::path& folder, const std::string& name, bool folders_only) {
    int best = tolerance(name) + 1;
    bool same_digits = false;
    std::string similar;
    for (const std::string& candidate : names_in(folder)) {
        const int distance = edit_distance(name, candidate, std::min(best, tolerance(name)));
        // Another number is another thing: val_3.png is nearer to val-3.png than val-0.png is.
        const bool agrees = digits_of(candidate) == digits_of(name);
        const bool nearer = distance < best || (distance == best && agrees && !same_digits);
        std::error_code ignored;
        if (distance > tolerance(name) || !nearer ||
            (folders_only && !fs::is_directory(folder / candidate, ignored)))
            continue;
        best = distance;
        same_digits = agrees;
        similar = candidate;
    }
    return similar;
}

fs::path NearestPath::folder_for(const fs::path& folder, bool& complete) {
    std::error_code ignored;
    complete = true;
    if (folder.empty() || folder == folder.root_path() || fs::is_directory(folder, ignored)) return folder;
    if (const auto known = folders_.find(folder); known != folders_.end()) {
        complete = known->second.complete;
        return known->second.path;
    }
    fs::path nearest = folder_for(folder.parent_path(), complete);
    if (complete) {
        const std::string name = folder.filename().string();
        const std::string similar =
            fs::is_directory(nearest / name, ignored) ? name : similar_name(nearest, name, true);
        complete = !similar.empty();
        if (complete) nearest /= similar;
    }
    folders_[folder] = {nearest, complete};
    return nearest;
}

fs::path NearestPath::find(const fs::path& missing) {
    if (is_there(missing)) return missing;
    const fs::path wanted = missing.lexically_normal();
    bool complete = false;
    fs::path nearest = folder_for(wanted.parent_path(), complete);
    if (complete) {
        const std::string name = wanted.filename().string();
        const std::string similar = is_there(nearest / name) ? name : similar_name(nearest, name, false);
        if (!similar.empty()) nearest /= similar;
    }
    return nearest.empty() ? fs::path(".") : nearest;
}

}  // namespace unmask
