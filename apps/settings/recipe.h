// SPDX-License-Identifier: Apache-2.0
// Recipes: TOML files that set settings, [section] by [section].
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/settings/settings.h"

namespace unmask {

// Sets what the file sets and leaves the rest. Error names file and line: of broken TOML, of a section or key
// that does not exist (and lists those that do), of a value of the wrong type or out of range.
void read_recipe(const std::filesystem::path& path, const std::vector<Setting>& settings);

// The settings as such a file, one commented line each.
[[nodiscard]] std::string recipe_text(const std::vector<Setting>& settings);

}  // namespace unmask
