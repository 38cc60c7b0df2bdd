// SPDX-License-Identifier: Apache-2.0
// One process at a time works in a folder.
#pragma once

#include <filesystem>
#include <string>

namespace unmask {

// Holds a lock on FOLDER/.lock while it lives, and removes the file at the end. The system frees the lock of
// a process that is killed. Where a file system knows no locks there is none.
class FolderLock {
  public:
    // Error when another process has it; `work` says what such a process does, "training into this run".
    FolderLock(const std::filesystem::path& folder, const char* work);
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

    static constexpr const char* name = ".lock";

  private:
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace unmask
