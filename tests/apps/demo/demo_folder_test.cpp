// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_folder.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST(DemoFolder, OtherPeoplesWorkIsRefusedAndStaysAsItIs) {
    const TemporaryFolder folder;
    write_content(folder / "faces/faces.csv", "mine");
    expect_error([&] { claim_demo_folder(folder.path()); }, {folder.path().string(), "found other files"});
    write_content(folder / demo_mark_name, "a file of mine");
    expect_error([&] { claim_demo_folder(folder.path()); }, {folder.path().string(), "found other files"});
    EXPECT_EQ(file_content(folder / demo_mark_name), "a file of mine");
    EXPECT_EQ(file_content(folder / "faces/faces.csv"), "mine");
}

TEST(DemoFolder, ADemosOwnIsTakenAgain) {
    const TemporaryFolder folder;
    claim_demo_folder(folder / "new/demo");
    write_content(folder / "new/demo/faces/faces.csv", "drawn");
    claim_demo_folder(folder / "new/demo");
    fs::create_directory(folder / "empty");
    claim_demo_folder(folder / "empty");
    EXPECT_TRUE(fs::exists(folder / "empty" / demo_mark_name));
    write_content(folder / "file", "x");
    expect_error([&] { claim_demo_folder(folder / "file"); }, {"file"});
}

}  // namespace
}  // namespace unmask
