// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_folder.h"

#include <string>
#include <system_error>
#include <vector>

#include "apps/output_files.h"
#include "data/file_magic.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view mark = "Made by unmask demo, which replaces what is here when it runs again.\n";

bool is_marked(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / demo_mark_name;
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) return false;
    if (std::filesystem::file_size(file, ignored) != mark.size()) return false;
    const std::vector<uint8_t> bytes = read_file(file, mark.size());
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == mark;
}

}  // namespace

void claim_demo_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error) && !std::filesystem::is_empty(folder, error) &&
        !is_marked(folder))
        fail(
            "{}: expected an empty folder or one that a demo made (it has a {}), found other files; choose "
            "another --out, or remove the folder if it is an earlier version's demo",
            folder.string(), demo_mark_name);
    make_folder(folder);
    write_file_atomically(folder / demo_mark_name, mark);
}

}  // namespace unmask
