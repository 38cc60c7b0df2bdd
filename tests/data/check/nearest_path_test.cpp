// SPDX-License-Identifier: Apache-2.0
#include "data/check/nearest_path.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(EditDistance, CountsLetters) {
    EXPECT_EQ(edit_distance("same", "same", 9), 0);
    EXPECT_EQ(edit_distance("Case", "cASE", 9), 0);
    EXPECT_EQ(edit_distance("", "abc", 9), 3);
    EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3);
    EXPECT_EQ(edit_distance("adn", "and", 9), 1);
    EXPECT_EQ(edit_distance("abcdef", "uvwxyz", 2), 3);
    EXPECT_EQ(edit_distance("a", "abcdefgh", 2), 3);
}

TEST(NearestPath, FollowsTheMostSimilarNames) {
    const TemporaryFolder folder;
    write_content(folder / "Deepfakes/c23/071_054/000.png", "x");
    write_content(folder / "Deepfakes/c23/071_054/010.png", "x");
    write_content(folder / "readme", "x");
    write_content(folder / "val-0.png", "x");
    write_content(folder / "val_3.png", "x");
    NearestPath nearest;
    EXPECT_EQ(nearest.find(folder / "Deepfakes/c23/071_054/000.png"),
              folder / "Deepfakes/c23/071_054/000.png");
    EXPECT_EQ(nearest.find(folder / "deepfakes/C23/071_054/000.png"),
              folder / "Deepfakes/c23/071_054/000.png");
    EXPECT_EQ(nearest.find(folder / "DeepFake/c32/071_045/010.png"),
              folder / "Deepfakes/c23/071_054/010.png");
    EXPECT_EQ(nearest.find(folder / "Deepfakes/c23/071_054/011.png"),
              folder / "Deepfakes/c23/071_054/010.png");
    // Of two as similar names the one with the same number.
    EXPECT_EQ(nearest.find(folder / "val-3.png"), folder / "val_3.png");
    // Nothing similar: the last folder that is there.
    EXPECT_EQ(nearest.find(folder / "Deepfakes/c23/other/000.png"), folder / "Deepfakes/c23");
    EXPECT_EQ(nearest.find(folder / "Deepfakes/c23/071_054/mask.bmp"), folder / "Deepfakes/c23/071_054");
    // A file is no folder to go through, however similar.
    EXPECT_EQ(nearest.find(folder / "readme1/000.png"), folder.path());
    EXPECT_EQ(nearest.find("/nowhere at all/x"), "/");
    EXPECT_EQ(nearest.find("nowhere at all/x"), ".");
}

}  // namespace
}  // namespace unmask
