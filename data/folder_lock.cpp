// SPDX-License-Identifier: Apache-2.0
#include "data/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/error.h"

namespace unmask {
namespace {

// Whether the file has not been removed since it was opened, by the process that had the lock before.
bool is_still_there(const std::string& path, int descriptor) {
    struct stat opened {
    }, named{};
    return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder, const char* work)
    : path_((folder / name).string()) {
    while (true) {
        constexpr mode_t mode = 0666;  // less the umask
        descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
        if (descriptor_ < 0) fail("{}: cannot be written: {}", path_, std::strerror(errno));
        const bool taken = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!taken && is_still_there(path_, descriptor_)) return;
        ::close(descriptor_);
        if (taken)
            fail("{}: another process is {}, it holds {}; wait for its end or stop it", folder.string(), work,
                 path_);
    }
}

FolderLock::~FolderLock() {
    ::unlink(path_.c_str());  // before the lock is free
    ::close(descriptor_);
}

}  // namespace unmask
