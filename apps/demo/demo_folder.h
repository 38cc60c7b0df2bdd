// SPDX-License-Identifier: Apache-2.0
// The folder of a demo, which replaces what an earlier demo left in it and nothing else.
#pragma once

#include <filesystem>

namespace unmask {

// The file that says of a folder that a demo made it.
constexpr const char* demo_mark_name = "demo.txt";

// Makes the folder and marks it as a demo's. Error before anything is written when there are files in it and
// no demo's mark: a demo replaces faces/ and run/, whose names other work has too.
void claim_demo_folder(const std::filesystem::path& folder);

}  // namespace unmask
