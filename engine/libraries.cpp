// SPDX-License-Identifier: Apache-2.0
#include "engine/libraries.h"

#include <map>

namespace unmask {
namespace {

std::map<std::string, std::string (*)()>& table() {
    static std::map<std::string, std::string (*)()> entries;
    return entries;
}

}  // namespace

LibraryEntry::LibraryEntry(const char* name, std::string (*version)()) {
    table()[name] = version;
}

std::vector<std::pair<std::string, std::string>> library_versions() {
    std::vector<std::pair<std::string, std::string>> versions;
    for (const auto& [name, version] : table()) versions.emplace_back(name, version());
    return versions;
}

}  // namespace unmask
