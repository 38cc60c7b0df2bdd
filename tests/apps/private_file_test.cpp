// SPDX-License-Identifier: Apache-2.0
#include "apps/private_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

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

TEST(PrivateFile, NamesTheFolderThatTakesNone) {
    const TemporaryFilesIn there("/proc");
    expect_error([] { const PrivateFile file; }, {"/proc/", "a temporary file cannot be made"});
}

}  // namespace
}  // namespace unmask
