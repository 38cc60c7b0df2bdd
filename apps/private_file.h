// SPDX-License-Identifier: Apache-2.0
// Where a picture or video lies that came by standard input or an upload: decoders open files, at several
// places.
#pragma once

#include <filesystem>

namespace unmask {

// A file without a name, for this user alone, under a path by which this process opens it: it is gone with
// the process, however that ends.
class PrivateFile {
  public:
    PrivateFile();  // in the folder of temporary files; Error when it cannot be made
    PrivateFile(const PrivateFile&) = delete;
    PrivateFile& operator=(const PrivateFile&) = delete;
    ~PrivateFile();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    int descriptor_ = -1;
    std::filesystem::path path_;
};

}  // namespace unmask
