// SPDX-License-Identifier: Apache-2.0
#include "apps/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "engine/error.h"

namespace unmask {
namespace fs = std::filesystem;

PrivateFile::PrivateFile() {
    std::error_code error;
    fs::path parent = fs::temp_directory_path(error);
    if (error) parent = "/tmp";
    descriptor_ = ::open(parent.c_str(), O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0) {  // a file system that knows no files without a name: it has one for a moment
        std::string pattern = (parent / "unmask-XXXXXX").string();
        descriptor_ = ::mkostemp(pattern.data(), O_CLOEXEC);
        if (descriptor_ < 0) fail("{}: a temporary file cannot be made: {}", pattern, std::strerror(errno));
        ::unlink(pattern.c_str());
    }
    path_ = fmt::format("/proc/self/fd/{}", descriptor_);
    if (::access(path_.c_str(), R_OK) != 0) {
        ::close(descriptor_);
        fail("temporary files without a name need /proc, which is not mounted");
    }
}

PrivateFile::~PrivateFile() {
    ::close(descriptor_);
}

}  // namespace unmask
