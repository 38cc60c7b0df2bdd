// SPDX-License-Identifier: Apache-2.0
// What is wrong with the data that manifests name: files that are missing, and what training would learn from
// the rows that it is tested on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

enum class FindingKind {
    // Problems: a result on this data is not what it seems to be.
    missing_file,
    unreadable_file,
    two_labels,       // one picture, or one content, is real in one row and fake in another
    file_leak,        // the same file on both sides of a split
    content_leak,     // another file with the same bytes on the other side
    video_leak,       // frames of one video on both sides
    identity_leak,    // a person on both sides
    same_validation,  // val and test hold the same videos
    // Warnings.
    repeated_file,     // several rows of one side
    repeated_content,  // several files of one side with the same bytes
    one_class,         // a side with real rows only, or fake ones only
    imbalance,         // one class has more than largest_imbalance times the rows of the other
};

inline constexpr double largest_imbalance = 10;

// "missing_file" and so on, for programs.
[[nodiscard]] const char* to_string(FindingKind kind);
// A sentence's worth, for people.
[[nodiscard]] const char* explanation(FindingKind kind);
[[nodiscard]] bool is_problem(FindingKind kind);

// One thing that is wrong.
struct FindingItem {
    std::string what;                // the file, video or person
    std::vector<std::string> sides;  // where it is, such as "train" and "test"
    std::string detail;              // the nearest path that exists, the reader's reason, the other file
};

struct Finding {
    FindingKind kind;
    std::vector<FindingItem> items;  // sorted by what
};

// What one side of the split holds.
struct SideSummary {
    std::string name;  // "train", "val", "test", or "no split"
    int64_t real_rows = 0, fake_rows = 0, real_videos = 0, fake_videos = 0;
};

struct CheckReport {
    std::vector<std::filesystem::path> manifests;
    std::vector<SideSummary> sides;
    std::vector<Finding> findings;     // in the order of FindingKind, each with at least one item
    std::vector<std::string> notices;  // what could not be checked, and why
    int64_t rows = 0, files = 0;

    [[nodiscard]] bool has_problem() const;
};

struct CheckOptions {
    bool quick =
        false;  // only whether the files are there: reads none, so that their contents are not compared
};

// Called now and then, from one thread at a time: files looked at, files in all.
using CheckProgress = std::function<void(int64_t done, int64_t total)>;

// Looks at all manifests together, with thread_count() threads. The sides are the splits; with several
// manifests the rows without one count as train in the first manifest and as test in the others, so that
// `check training.csv other.csv` asks whether the second can serve as a test. Rows without a split of a
// single manifest are a side that leaks into no other. A video is identified by dataset, method and id:
// forgeries by different methods that share an id are different videos. Error when there is no manifest.
[[nodiscard]] CheckReport check_manifests(const std::vector<Manifest>& manifests,
                                          const CheckOptions& options = {},
                                          const CheckProgress& progress = {});

}  // namespace unmask
