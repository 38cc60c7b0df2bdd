// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_file.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(LandmarkFile, IsReadBackToAHundredth) {
    const TemporaryFolder folder;
    EXPECT_TRUE(read_landmarks(folder.path()).empty());
    LandmarkTable table;
    for (int i = 0; i < landmark_count; ++i) {
        table["000001.png"].push_back({i + 0.25, -i - 0.5});
        table["a,b.png"].push_back({1e3 + i, 0});
    }
    write_landmarks(folder.path(), table);
    EXPECT_EQ(read_landmarks(folder.path()), table);
}

TEST(LandmarkFile, SaysWhereItIsDamaged) {
    const TemporaryFolder folder;
    const auto expect_damage = [&](const std::string& content, const std::vector<std::string>& words) {
        write_content(landmark_file(folder.path()), content);
        expect_error([&] { static_cast<void>(read_landmarks(folder.path())); }, words);
    };
    std::string line = "a.png";
    for (int i = 0; i < 2 * landmark_count; ++i) line += ",1.5";
    expect_damage("", {"landmarks.csv", "empty"});
    expect_damage("path,label\n", {"landmarks.csv", "header"});
    expect_damage("file,x0\na.png,1,2\n", {"landmarks.csv:2:", "136", "3 fields"});
    expect_damage("file,x0\n" + line.substr(0, line.size() - 3) + "nan\n", {"landmarks.csv:2:", "nan"});
    expect_damage("file,x0\n" + line + "\n" + line.substr(0, line.size() - 3) + "1 5\n",
                  {"landmarks.csv:3:", "1 5"});
}

}  // namespace
}  // namespace unmask
