// SPDX-License-Identifier: Apache-2.0
#include "data/folder_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "engine/atomic_file.h"
#include "engine/error.h"
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

TEST(FolderLock, FollowsNoLinkThatWasPutInItsPlace) {
    const TemporaryFolder folder;
    std::filesystem::create_symlink(folder / "elsewhere", folder / ".lock");
    expect_error([&] { const FolderLock lock(folder.path(), "working in it"); },
                 {(folder / ".lock").string() + ": cannot be written: Too many levels of symbolic links"});
    EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

// A lock's file is removed with it: whoever opened it before locks a file that no one else will find.
TEST(FolderLock, IsHeldByOneOfManyThatComeAndGo) {
    const TemporaryFolder folder;
    std::atomic<int> holders = 0, taken = 0;
    std::atomic<bool> together = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            while (taken < 100 && !together) try {
                    const FolderLock lock(folder.path(), "working in it");
                    if (++holders > 1) together = true;
                    ++taken;
                    std::this_thread::yield();
                    --holders;
                } catch (const Error&) {  // another one has it
                }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_FALSE(together) << "after " << taken;
}

}  // namespace
}  // namespace unmask
