// SPDX-License-Identifier: Apache-2.0
// What both exports share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/lists/export.h"

namespace unmask {

// The rows with a split; a notice counts the others. Error when there is none, and for a packed shard, whose
// pictures are no files that a list could name.
[[nodiscard]] std::vector<const ManifestRow*> rows_with_split(const Manifest& manifest, ExportResult& result);

// The path as the list says it.
[[nodiscard]] std::string listed_path(const std::filesystem::path& path, const ExportOptions& options);

}  // namespace unmask
