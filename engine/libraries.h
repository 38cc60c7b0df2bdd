// SPDX-License-Identifier: Apache-2.0
// Which libraries this program computes and decodes with, as they are at run time: what uses one says so.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace unmask {

// A static object beside a library's use enters it.
class LibraryEntry {
  public:
    LibraryEntry(const char* name, std::string (*version)());
};

// (name, version), by name.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace unmask
