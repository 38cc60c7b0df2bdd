// SPDX-License-Identifier: Apache-2.0
// Videos in other containers than the one that unmask writes.
#pragma once

#include <filesystem>

namespace unmask {

// Copies the packets of a video into a container of that name, such as "avi". Error when FFmpeg cannot.
void remux(const std::filesystem::path& from, const std::filesystem::path& to, const char* container,
           bool fragmented = false);

}  // namespace unmask
