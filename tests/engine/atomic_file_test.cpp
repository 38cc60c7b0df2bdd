// SPDX-License-Identifier: Apache-2.0
#include "engine/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, ReplacesAFileAndLeavesNothingBeside) {
    const TemporaryFolder folder;
    const fs::path file = folder / "a";
    write_file_atomically(file, "a long text");
    write_file_atomically(file, "short");
    EXPECT_EQ(bytes_of(file), "short");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
    const mode_t mask = ::umask(0027);
    write_file_atomically(folder / "b", "");
    ::umask(mask);
    EXPECT_EQ(fs::status(folder / "b").permissions(), fs::perms(0640));
}

// What is no regular file is written into: a rename would put a file in its place.
TEST(AtomicFile, WritesIntoAPipe) {
    const TemporaryFolder folder;
    const fs::path pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader, 0);
    EXPECT_TRUE(is_written_into(pipe));
    write_file_atomically(pipe, "answer");
    std::array<char, 16> text{};
    EXPECT_EQ(::read(reader, text.data(), text.size()), 6);
    EXPECT_STREQ(text.data(), "answer");
    ::close(reader);
    EXPECT_TRUE(fs::is_fifo(pipe));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, KnowsWhatARenameWouldReplace) {
    const TemporaryFolder folder;
    write_file_atomically(folder / "a", "");
    fs::create_symlink("/dev/null", folder / "nothing");
    for (const fs::path& path : {fs::path("/dev/null"), fs::path("/dev/stdout"), fs::path("/dev/fd/1"),
                                 fs::path("/proc/self/fd/1"), folder / "nothing"})
        EXPECT_TRUE(is_written_into(path)) << path;
    for (const fs::path& path :
         {folder / "a", folder / "none", folder.path(), fs::path("/dev/shm/a"), fs::path("a")})
        EXPECT_FALSE(is_written_into(path)) << path;
}

// A link under the temporary file's name, as somebody else may put it into a shared folder.
TEST(AtomicFile, FollowsNoLinkThatWasPutInItsWay) {
    const TemporaryFolder folder;
    write_file_atomically(folder / "precious", "kept");
    fs::create_symlink(folder / "precious", (folder / "a").string() + ".tmp" + std::to_string(::getpid()));
    write_file_atomically(folder / "a", "new");
    EXPECT_EQ(bytes_of(folder / "precious"), "kept");
    EXPECT_EQ(bytes_of(folder / "a"), "new");
    EXPECT_FALSE(fs::is_symlink(folder / "a"));
}

// What comes between the failure and its report, as a library's own writes do, hides nothing.
TEST(AtomicFile, AFailureIsSaidWithTheSystemsReason) {
    expect_error(
        [] {
            write_file_atomically("/dev/full", [](std::ostream& out) {
                out << std::string(100'000, 'x');
                errno = 0;
            });
        },
        {"/dev/full: writing failed: No space left on device"});
    expect_error([] { write_file_atomically("/dev/full", "x"); },
                 {"/dev/full: writing failed: No space left on device"});
    expect_error(
        [] {
            write_file_atomically("/dev/full", [](std::ostream& out) {
                for (int i = 0; i < 100'000; ++i) out.put('x');
                errno = 0;
            });
        },
        {"/dev/full: writing failed: No space left on device"});
    const TemporaryFolder folder;
    expect_error([&] { write_file_atomically(folder / "none/a", "x"); },
                 {"none/a: cannot be written: No such file or directory"});
}

TEST(AtomicFile, AFailureKeepsTheOldFileAndNoOther) {
    const TemporaryFolder folder;
    write_file_atomically(folder / "a", "old");
    EXPECT_THROW(write_file_atomically(folder / "a", [](std::ostream&) { throw std::runtime_error("no"); }),
                 std::runtime_error);
    expect_error([&] { write_file_atomically(folder / "none" / "a", ""); },
                 {"none/a: cannot be written: No such file or directory"});
    EXPECT_EQ(bytes_of(folder / "a"), "old");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace unmask
