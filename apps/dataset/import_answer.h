// SPDX-License-Identifier: Apache-2.0
// What importing and exporting did, for programs.
#pragma once

#include <filesystem>
#include <string>

#include "data/lists/export.h"
#include "data/lists/import.h"

namespace unmask {

// JSON: manifest (null when none was written), rows, videos, missing (where, path, problem, nearest),
// notices.
[[nodiscard]] std::string import_answer(const ImportResult& result, const std::filesystem::path& manifest);

// JSON: files, videos, frames, notices.
[[nodiscard]] std::string export_answer(const ExportResult& result);

}  // namespace unmask
