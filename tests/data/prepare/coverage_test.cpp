// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/coverage.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

VideoReport report(const std::string& video, int64_t asked, int64_t decoded, int64_t faces) {
    return {.dataset = "set",
            .video = video,
            .path = "/videos/" + video,
            .asked = asked,
            .decoded = decoded,
            .faces = faces,
            .no_face = decoded - faces,
            .several_faces = faces / 2};
}

TEST(Coverage, KeepsTheLinesOfOtherVideos) {
    const TemporaryFolder folder;
    const auto file = folder / "coverage.csv";
    std::vector<VideoReport> first{report("a", 8, 8, 8), report("b, c", 8, 7, 4)};
    first[1].problem = "/videos/b, c: truncated";
    write_coverage(file, first);
    const std::vector<VideoReport> found = read_coverage(file);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].video, "b, c");
    EXPECT_EQ(found[1].path, first[1].path);
    EXPECT_EQ(found[1].problem, first[1].problem);
    EXPECT_EQ(found[1].asked, 8);
    EXPECT_EQ(found[1].unreadable(), 1);
    EXPECT_EQ(found[1].no_face, 3);
    EXPECT_EQ(found[1].several_faces, 2);
    EXPECT_EQ(found[1].faces, 4);
    const std::vector<VideoReport> second{report("a", 4, 4, 1), report("d", 4, 4, 4)};
    write_coverage(file, second);
    const std::vector<VideoReport> all = read_coverage(file);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].asked, 4);
    EXPECT_EQ(all[2].video, "b, c");
}

TEST(Coverage, SaysWhereItIsDamaged) {
    const TemporaryFolder folder;
    const auto file = folder / "coverage.csv";
    EXPECT_TRUE(read_coverage(file).empty());
    write_content(file, "path,label\n");
    expect_error([&] { static_cast<void>(read_coverage(file)); }, {"coverage.csv:1:", "can be removed"});
    expect_error([&] { write_coverage(file, std::vector{report("a", 8, 8, 8)}); }, {"coverage.csv:1:"});
    std::filesystem::remove(file);
    write_coverage(file, std::vector{report("a", 8, 8, 8)});
    std::string content = file_content(file);
    content.replace(content.find(",8,"), 3, ",x,");
    write_content(file, content);
    expect_error([&] { static_cast<void>(read_coverage(file)); }, {"coverage.csv:2:", "\"x\""});
}

TEST(Coverage, TheTableNamesWhatMissesFacesAndLeavesNothingOutInSilence) {
    std::vector<VideoReport> videos;
    for (int i = 0; i < 6; ++i) videos.push_back(report("good" + std::to_string(i), 8, 8, 8));
    videos.push_back(report("half", 8, 8, 4));
    videos.push_back(report("cut", 8, 5, 5));
    const std::string whole = coverage_table(videos, 8, "out/coverage.csv");
    for (const VideoReport& video : videos) EXPECT_NE(whole.find("set/" + video.video), std::string::npos);
    EXPECT_EQ(whole.find("more videos"), std::string::npos) << whole;
    EXPECT_NE(whole.find("all 8 videos"), std::string::npos);
    const std::string some = coverage_table(videos, 1, "out/coverage.csv");
    EXPECT_EQ(some.find("good"), std::string::npos) << some;
    EXPECT_NE(some.find("set/half"), std::string::npos) << some;
    EXPECT_NE(some.find("7 more videos, 1 of them without all their faces, in out/coverage.csv"),
              std::string::npos)
        << some;
    // 64 asked for, 3 unreadable, 4 without a face, 57 with.
    const std::string last = some.substr(some.rfind("all 8 videos"));
    for (const char* sum : {" 64 ", " 3 ", " 4 ", " 57\n"})
        EXPECT_NE(last.find(sum), std::string::npos) << sum << " in " << last;
    const std::string one = coverage_table(std::vector{report("a", 8, 8, 8)}, 8, "out/coverage.csv");
    EXPECT_NE(one.find("\n1 video "), std::string::npos) << one;
}

// Names longer than the usual column keep the numbers below their heads.
TEST(Coverage, TheTableIsAsWideAsItsLongestName) {
    const std::string table = coverage_table(
        std::vector{report(std::string(60, 'x'), 8, 8, 8), report("a", 8, 5, 5)}, 8, "coverage.csv");
    std::istringstream lines(table);
    size_t width = 0;
    for (std::string line; std::getline(lines, line);) {
        if (width == 0) width = line.size();
        EXPECT_EQ(line.size(), width) << table;
    }
    EXPECT_GT(width, 60u);
}

}  // namespace
}  // namespace unmask
