// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/sources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "data/picture.h"
#include "engine/atomic_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class Sources : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* name : {"2.png", "10.png", "a[1].png", ".hidden.png"})
            write_png(folder_ / name, Image(4, 4));
        write_file_atomically(folder_ / "clip.mp4", "no video, but named like one");
        write_file_atomically(folder_ / "notes.txt", "text");
        std::filesystem::create_directory(folder_ / "empty");
    }
    std::vector<std::string> names(const std::string& argument, bool clip = false) {
        std::vector<std::string> result;
        for (const DetectionInput& input : expand_input(argument, clip)) {
            EXPECT_EQ(input.path, input.name);
            EXPECT_EQ(input.problem, "");
            result.push_back(std::filesystem::relative(input.path, folder_.path()).string());
        }
        return result;
    }
    void expect_problem(const std::string& argument, const std::string& text) {
        const auto inputs = expand_input(argument, false);
        ASSERT_EQ(inputs.size(), 1u);
        EXPECT_NE(inputs[0].problem.find(text), std::string::npos) << inputs[0].problem;
        EXPECT_NE(inputs[0].problem.find(argument), std::string::npos) << inputs[0].problem;
    }
    std::string at(const std::string& name) const { return (folder_ / name).string(); }
    TemporaryFolder folder_;
};
using Names = std::vector<std::string>;

TEST_F(Sources, AFoldersPicturesAndVideosAreFilesOfTheirOwn) {
    EXPECT_EQ(names(folder_.path()), (Names{"2.png", "10.png", "a[1].png", "clip.mp4"}));
}

TEST_F(Sources, AsAClipAFoldersPicturesAreOneAndItsVideosStayFiles) {
    EXPECT_EQ(names(folder_.path(), true), (Names{".", "clip.mp4"}));
}

TEST_F(Sources, PatternsStandForWhatTheyMatchInNaturalOrder) {
    EXPECT_EQ(names(at("*.png")), (Names{"2.png", "10.png", "a[1].png"}));
    EXPECT_EQ(names(at("?.png")), (Names{"2.png"}));
    EXPECT_EQ(names(at("[0-9]*.png")), (Names{"2.png", "10.png"}));
    // A file's own name comes before its reading as a pattern.
    EXPECT_EQ(names(at("a[1].png")), (Names{"a[1].png"}));
    write_png(folder_ / "a1.png", Image(4, 4));
    EXPECT_EQ(names(at("a[1].png")), (Names{"a[1].png"}));
    std::filesystem::remove(folder_ / "a[1].png");
    EXPECT_EQ(names(at("a[1].png")), (Names{"a1.png"}));
    // What a pattern matches may be a folder.
    EXPECT_EQ(names(folder_.path().parent_path() / (folder_.path().filename().string() + "*")),
              (Names{"2.png", "10.png", "a1.png", "clip.mp4"}));
}

TEST_F(Sources, WhatStandsForNothingIsAnInputWithAProblem) {
    expect_problem(at("*.jpg"), "no file matches");
    expect_problem(at("empty"), "holds no picture");
}

TEST_F(Sources, ANameThatIsNotThereStandsForItself) {
    EXPECT_EQ(names(at("missing.png")), (Names{"missing.png"}));
}

TEST_F(Sources, StandardInputIsCalledByItsSign) {
    const auto inputs = expand_input("-", false, "/tmp/x/input");
    ASSERT_EQ(inputs.size(), 1u);
    EXPECT_EQ(inputs[0].path, "/tmp/x/input");
    EXPECT_EQ(inputs[0].name, "-");
}

// Standard input without an end: only what is noticed at once ends this.
TEST(StandardInput, IsNotReadOnWhenItCannotBeKept) {
    const int before = ::dup(STDIN_FILENO), endless = ::open("/dev/zero", O_RDONLY);
    ASSERT_EQ(::dup2(endless, STDIN_FILENO), STDIN_FILENO);
    expect_error([] { copy_standard_input("/dev/full"); }, {"/dev/full", "could not be copied", "No space"});
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(endless);
}

}  // namespace
}  // namespace unmask
