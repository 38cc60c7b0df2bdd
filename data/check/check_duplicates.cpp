// SPDX-License-Identifier: Apache-2.0
// The same file, or the same content, more than once.
#include <fmt/format.h>

#include <map>
#include <set>

#include "data/check/check_rows.h"

namespace unmask {
namespace {

// What all rows of one file, or of one content, say.
struct Seen {
    std::map<std::string, int64_t> rows_of_side;
    std::set<int> labels;
    std::vector<size_t> files;  // each once

    // Rows without a split leak into no other side.
    [[nodiscard]] std::vector<std::string> sides() const {
        std::vector<std::string> names;
        for (const auto& [side, rows] : rows_of_side)
            if (!side.empty()) names.push_back(side);
        return names;
    }
};

}  // namespace

std::vector<Finding> check_duplicates(const CheckedData& data) {
    std::vector<Seen> files(data.files.size());
    for (const CheckedRow& row : data.rows) {
        Seen& seen = files[row.file];
        ++seen.rows_of_side[row.side];
        seen.labels.insert(row.row->label);
    }
    std::map<std::pair<uint64_t, uint64_t>, Seen> contents;
    for (size_t i = 0; i < files.size(); ++i) {
        if (data.files[i].bytes == 0) continue;
        Seen& seen = contents[{data.files[i].bytes, data.files[i].hash}];
        for (const auto& [side, rows] : files[i].rows_of_side) ++seen.rows_of_side[side];
        seen.labels.insert(files[i].labels.begin(), files[i].labels.end());
        seen.files.push_back(i);
    }

    Finding labels{FindingKind::two_labels, {}}, leak{FindingKind::file_leak, {}},
        copies{FindingKind::content_leak, {}}, repeated{FindingKind::repeated_file, {}},
        repeated_content{FindingKind::repeated_content, {}};
    for (size_t i = 0; i < files.size(); ++i) {
        const std::string name = data.files[i].path.string();
        const Seen& seen = files[i];
        if (seen.labels.size() > 1) labels.items.push_back({name, seen.sides(), ""});
        if (seen.sides().size() > 1) leak.items.push_back({name, seen.sides(), ""});
        for (const auto& [side, rows] : seen.rows_of_side)
            if (rows > 1) repeated.items.push_back({name, {side_name(side)}, fmt::format("{} rows", rows)});
    }
    for (const auto& [key, seen] : contents) {
        if (seen.files.size() < 2) continue;
        const std::string name = data.files[seen.files[0]].path.string();
        const std::string others =
            seen.files.size() == 2 ? data.files[seen.files[1]].path.string()
                                   : fmt::format("{} and {} more", data.files[seen.files[1]].path.string(),
                                                 seen.files.size() - 2);
        // One file with two labels was named above already.
        const bool files_agree = [&] {
            for (size_t i : seen.files)
                if (files[i].labels.size() > 1) return false;
            return true;
        }();
        if (seen.labels.size() > 1 && files_agree) labels.items.push_back({name, seen.sides(), others});
        if (seen.sides().size() > 1) {
            copies.items.push_back({name, seen.sides(), others});
        } else {
            repeated_content.items.push_back({name, seen.sides(), others});
        }
    }
    return {labels, leak, copies, repeated, repeated_content};
}

}  // namespace unmask
