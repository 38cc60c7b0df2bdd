// SPDX-License-Identifier: Apache-2.0
#include "data/folder_lock.h"

#include <gtest/gtest.h>

#include <optional>

#include "engine/atomic_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(FolderLock, IsOneAtATimeAndLeavesNothing) {
    const TemporaryFolder folder;
    write_file_atomically(folder / ".lock", "");  // of a process that was killed
    std::optional<FolderLock> lock(std::in_place, folder.path(), "here");
    for (int i = 0; i < 2; ++i)
        expect_error([&] { const FolderLock other(folder.path(), "working in it"); },
                     {folder.path().string() + ": another process is working in it", ".lock"});
    lock.reset();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    EXPECT_NO_THROW(const FolderLock other(folder.path(), "working in it"));
}

}  // namespace
}  // namespace unmask
