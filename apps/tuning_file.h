// SPDX-License-Identifier: Apache-2.0
// A file that keeps what a device's libraries were timed for, so that the next program times nothing again.
#pragma once

#include <filesystem>

#include "engine/tensor.h"

namespace unmask {

class TuningFile {
  public:
    // Takes up what the file says, if it is there. Nothing for an empty path. Error when the file is
    // something else, or of another GPU or library; when it could not be written; and for the CPU, where
    // nothing is timed.
    TuningFile(std::filesystem::path path, Device device);
    // Writes what is known now, if anything is.
    void keep() const;

  private:
    std::filesystem::path path_;
    Device device_;
};

}  // namespace unmask
