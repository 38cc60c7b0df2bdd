// SPDX-License-Identifier: Apache-2.0
// One process at a time trains into a run's folder.
#pragma once

#include <filesystem>
#include <string>

namespace unmask {

// Holds a lock on FOLDER/.lock while it lives, and removes the file at the end. The system frees the lock of
// a process that is killed. Where a file system knows no locks there is none.
class RunLock {
  public:
    // Error when another process has it.
    explicit RunLock(const std::filesystem::path& folder);
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;
    ~RunLock();

    static constexpr const char* name = ".lock";

  private:
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace unmask
