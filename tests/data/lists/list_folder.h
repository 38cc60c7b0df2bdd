// SPDX-License-Identifier: Apache-2.0
// Frames on disk and lists that name them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "data/lists/export.h"
#include "data/lists/import.h"
#include "data/picture.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

class ListFolder : public ::testing::Test {
  protected:
    // Pictures 000.png, 010.png, … in the folder.
    void frames(const std::string& name, int count = 2) {
        std::filesystem::create_directories(folder / name);
        for (int i = 0; i < count; ++i)
            write_png(folder / (name + fmt::format("/{:03}.png", 10 * i)), Image(4, 4));
    }
    void file(const std::string& name, const std::string& content) { write_content(folder / name, content); }

    ImportResult import(const std::string& input, const std::string& root = "",
                        const std::string& compression = "") {
        ListImportOptions options;
        options.inputs = {folder / input};
        options.manifest = folder / "faces.csv";
        if (!root.empty()) options.root = folder / root;
        options.compression = compression;
        return import_lists(options);
    }
    void expect_broken(const std::string& input, const std::vector<std::string>& words) {
        expect_error([&] { import(input); }, words);
    }
    static std::vector<ManifestRow> sorted(std::vector<ManifestRow> rows) {
        std::ranges::sort(rows, [](const ManifestRow& a, const ManifestRow& b) {
            return std::tie(a.split, a.path, a.video) < std::tie(b.split, b.path, b.video);
        });
        return rows;
    }
    static bool mentions(const std::vector<std::string>& notices, const std::string& text) {
        return std::ranges::any_of(notices, [&](const auto& n) { return n.find(text) != std::string::npos; });
    }
    TemporaryFolder folder;
};

// Rows are compared as a whole; GoogleTest shows them by this.
inline void PrintTo(const ManifestRow& row, std::ostream* out) {
    *out << fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}", row.path, row.label, row.video, row.frame, row.split,
                        row.dataset, row.method, row.identity, row.compression);
}

}  // namespace unmask
