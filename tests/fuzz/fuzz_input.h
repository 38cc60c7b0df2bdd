// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: the input as a file, and the one exception that hostile input may end in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace unmask::fuzz {

// The input as a file of that name, the only one in a folder of this process.
inline std::filesystem::path as_file(const std::string& name, const uint8_t* data, size_t size) {
    static const TemporaryFolder folder;
    std::filesystem::path path = folder / name;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    return path;
}

// Runs the reader. It may refuse its input with Error, in one line; any other exception is a finding.
template <class Reader>
void read_or_refuse(Reader&& reader) {
    try {
        reader();
    } catch (const Error& error) {
        UNMASK_ASSERT(std::string(error.what()).find('\n') == std::string::npos);
    }
}

}  // namespace unmask::fuzz
