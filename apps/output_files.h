// SPDX-License-Identifier: Apache-2.0
// What commands write their answers to: files, stdout and folders.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmask {

// Writes an answer for programs: to stdout for "-", else atomically to the file.
void write_answer(const std::string& target, const std::string& text);
// Before the work that leads to the answer: Error when such a file could not be written. Nothing for "-" and
// "".
void check_answer_target(const std::string& target);
// Error as well when it is one of the inputs, which would be lost.
void check_answer_target(const std::string& target, const std::vector<std::filesystem::path>& inputs);

// Makes the folder and the ones above it; Error names it and the system's reason when that fails.
void make_folder(const std::filesystem::path& folder);

}  // namespace unmask
