// SPDX-License-Identifier: Apache-2.0
#include "apps/output_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {

void write_answer(const std::string& target, const std::string& text) {
    if (target != "-") return write_file_atomically(target, text + "\n");
    fmt::print("{}\n", text);
    if (std::fflush(stdout) != 0) fail("standard output: writing failed");
}

void check_answer_target(const std::string& target) {
    if (target.empty() || target == "-") return;
    if (std::filesystem::is_directory(target)) fail("{}: is a folder", target);
    // Only a file that is made tells: permissions do not bind root, and some file systems take no files.
    if (!is_written_into(target))
        ::unlink(make_temporary_file(target).c_str());
    else if (::access(target.c_str(), W_OK) != 0)
        fail("{}: cannot be written: {}", target, std::strerror(errno));
}

void check_answer_target(const std::string& target, const std::vector<std::filesystem::path>& inputs) {
    check_answer_target(target);
    if (target.empty() || target == "-" || is_written_into(target)) return;
    std::error_code none;  // false for what is not there
    for (const std::filesystem::path& input : inputs)
        if (std::filesystem::equivalent(target, input, none))
            fail("{}: is an input ({}) and would be replaced; choose another file to write", target,
                 input.string());
}

void make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) fail("{}: the folder cannot be made: {}", folder.string(), error.message());
    if (!std::filesystem::is_directory(folder)) fail("{}: is not a folder", folder.string());
}

}  // namespace unmask
