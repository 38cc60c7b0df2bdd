// SPDX-License-Identifier: Apache-2.0
// What this program is made of, for --version and for the record of a run.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace unmask {

// "0.1.0".
[[nodiscard]] std::string version();
// Compiler, build type and optional libraries, as (name, value).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> build_information();
// Both, for people, what else the build was made with, and the versions of the libraries that it runs with.
[[nodiscard]] std::string version_text();

}  // namespace unmask
