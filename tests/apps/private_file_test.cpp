// SPDX-License-Identifier: Apache-2.0
#include "apps/private_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// The folder of temporary files for a while.
class TemporaryFilesIn {
  public:
    explicit TemporaryFilesIn(const std::filesystem::path& folder) {
        if (const char* value = std::getenv("TMPDIR")) before_ = value;
        ::setenv("TMPDIR", folder.c_str(), 1);
    }
    TemporaryFilesIn(const TemporaryFilesIn&) = delete;
    TemporaryFilesIn& operator=(const TemporaryFilesIn&) = delete;
    ~TemporaryFilesIn() {
        if (before_.empty())
            ::unsetenv("TMPDIR");
        else
            ::setenv("TMPDIR", before_.c_str(), 1);
    }

  private:
    std::string before_;
};

TEST(PrivateFile, HasNoNameAndNoOtherReaders) {
    const TemporaryFolder folder;
    const TemporaryFilesIn there(folder.path());
    std::filesystem::path path;
    {
        const PrivateFile file;
        path = file.path();
        std::ofstream(path) << "x";
        EXPECT_EQ(bytes_of(path), "x");
        EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
        EXPECT_EQ(std::filesystem::hard_link_count(path), 0u);
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

// From here on the kernel answers this process as a file system does that knows no files without a name.
bool refuse_files_without_a_name() {
    constexpr unsigned flags =
        offsetof(seccomp_data, args) + 2 * sizeof(uint64_t);  // of openat; their low half
    constexpr unsigned nameless = O_TMPFILE & ~O_DIRECTORY;
    sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
                           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
                           BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, nameless, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{static_cast<unsigned short>(std::size(steps)), steps};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// In a process of its own, which is then refused; its exit code says what it found.
TEST(PrivateFile, HasANameForAMomentWhereFilesWithoutOneAreRefused) {
    constexpr int as_expected = 0, otherwise = 1, cannot_refuse = 2;
    const TemporaryFolder folder;
    const TemporaryFilesIn there(folder.path());
    const auto found = [&] {
        if (!refuse_files_without_a_name()) return cannot_refuse;
        const int refused = ::open(folder.path().c_str(), O_TMPFILE | O_RDWR, 0600);
        if (refused >= 0 || errno != EOPNOTSUPP) return cannot_refuse;
        const PrivateFile file;
        std::ofstream(file.path()) << "x";
        return bytes_of(file.path()) == "x" && std::filesystem::is_empty(folder.path()) &&
                       std::filesystem::hard_link_count(file.path()) == 0 &&
                       std::filesystem::status(file.path()).permissions() == std::filesystem::perms(0600)
                   ? as_expected
                   : otherwise;
    };
    int code = 0;
    const auto noted = [&](int status) {
        code = WEXITSTATUS(status);
        return WIFEXITED(status);
    };
    EXPECT_EXIT(::_exit(found()), noted, "");
    if (code == cannot_refuse) GTEST_SKIP() << "no system call can be refused here";
    EXPECT_EQ(code, as_expected);
}

TEST(PrivateFile, NamesTheFolderThatTakesNone) {
    const TemporaryFilesIn there("/proc");
    expect_error([] { const PrivateFile file; }, {"/proc/", "a temporary file cannot be made"});
}

}  // namespace
}  // namespace unmask
