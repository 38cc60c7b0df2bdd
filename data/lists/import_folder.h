// SPDX-License-Identifier: Apache-2.0
// The part of importing that needs no list.
#pragma once

#include "data/lists/import.h"

namespace unmask {

// Adds the pictures below the folder, found and described by the layouts, split by their official lists and
// by video. Error when the folder holds a raw video.
void import_folder(const ListImportOptions& options, const std::filesystem::path& folder,
                   ImportResult& result);

// The file as a row of the manifest names it: relative where it lies below the manifest's folder.
[[nodiscard]] std::string manifest_path(const std::filesystem::path& manifest,
                                        const std::filesystem::path& file);

}  // namespace unmask
