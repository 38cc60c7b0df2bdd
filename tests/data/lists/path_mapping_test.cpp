// SPDX-License-Identifier: Apache-2.0
#include "data/lists/path_mapping.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(PlainPath, AllFormsOfOnePath) {
    for (const char* form : {"a/b c/d", "a\\b c\\d", "./a/b c/d", "a//b c/./d/", "a/x/../b c/d"})
        EXPECT_EQ(plain_path(form, "list:1"), "a/b c/d") << form;
    EXPECT_EQ(plain_path("/a/../b/c", "list:1"), "/b/c");
    EXPECT_EQ(plain_path("D:\\data\\x", "list:1"), "/data/x");
}

TEST(PlainPath, EscapesAreRefused) {
    for (const char* form : {"../a", "..\\a", "a/../../b", "..", "./../a"})
        expect_error([&] { static_cast<void>(plain_path(form, "list:7")); }, {"list:7:", "leads out"});
    expect_error([&] { static_cast<void>(plain_path("", "list:7")); }, {"list:7:", "empty"});
    expect_error([&] { static_cast<void>(plain_path(".", "list:7")); }, {"list:7:", "expected the path"});
    expect_error([&] { static_cast<void>(plain_path(std::string("a\0b", 3), "list:7")); },
                 {"list:7:", "byte 0"});
}

class Mapping : public ::testing::Test {
  protected:
    void there(const std::string& name) { write_content(folder / name, "x"); }
    PathMapping map(const std::vector<std::string>& paths, const std::string& root = "",
                    const std::string& lists = "lists") {
        return {paths, root.empty() ? std::filesystem::path() : folder / root, folder / lists};
    }
    TemporaryFolder folder;
};

TEST_F(Mapping, RelativePathsStartAtTheRootOrTheList) {
    there("data/FF/x");
    there("lists/FF/y");
    EXPECT_EQ(map({"FF/x"}, "data").resolve("FF/x"), folder / "data/FF/x");
    EXPECT_EQ(map({"FF/y"}).resolve("FF/y"), folder / "lists/FF/y");
    EXPECT_TRUE(map({"FF/y"}).notices().empty());
    EXPECT_EQ(map({"FF/none"}).resolve("FF/none"), folder / "lists/FF/none");
}

TEST_F(Mapping, RelativePathsAmongAbsoluteOnesStartWhereThoseDo) {
    there("data/FF/Deepfakes/x");
    there("data/FF/FaceSwap/y");
    there("data/FF/Deepfakes/y");  // nearer to the absolute path, but of another method
    const PathMapping mapping = map({(folder / "data/FF/Deepfakes/x").string(), "FF/FaceSwap/y"});
    EXPECT_EQ(mapping.resolve("FF/FaceSwap/y"), folder / "data/FF/FaceSwap/y");
    ASSERT_EQ(mapping.notices().size(), 1u);
    EXPECT_NE(mapping.notices()[0].find("FF/FaceSwap/y is taken as "), std::string::npos);
}

TEST_F(Mapping, PathsOfAnotherMachineAreFoundBelowTheRoot) {
    there("mine/FF/Deepfakes/071/0.png");
    there("mine/FF/FaceSwap/071/0.png");
    const std::vector<std::string> paths{"/theirs/FF/Deepfakes/071/0.png", "/theirs/FF/FaceSwap/071/0.png"};
    for (const char* root : {"mine", "mine/FF"}) {
        const PathMapping mapping = map(paths, root);
        EXPECT_EQ(mapping.resolve(paths[1]), folder / "mine/FF/FaceSwap/071/0.png") << root;
        EXPECT_EQ(mapping.notices().size(), 1u);
    }
    // What tells two paths apart is never left out: below Deepfakes there is a 071/0.png too, but it would
    // stand for both.
    EXPECT_EQ(map(paths, "mine/FF/Deepfakes").resolve(paths[1]), paths[1]);
}

TEST(CommonParts, NeverTheLastOne) {
    EXPECT_EQ(common_parts({}), 0u);
    EXPECT_EQ(common_parts({"a/b/c"}), 2u);
    EXPECT_EQ(common_parts({"a/b/c", "a/b/d", "a/x/c"}), 1u);
    EXPECT_EQ(common_parts({"a/b", "a/b/c"}), 1u);
    EXPECT_EQ(common_parts({"/a/b", "/a/c"}), 2u);
}

}  // namespace
}  // namespace unmask
