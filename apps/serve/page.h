// SPDX-License-Identifier: Apache-2.0
// What the server shows beside reports.
#pragma once

#include <cstdint>
#include <string>

namespace unmask {

// The page to drop a file on, which sends it as the form's field "file" to /report. Works without scripts
// too.
[[nodiscard]] std::string drop_page(const std::string& model, int64_t most_bytes);
// The script of that page: a file that is dropped anywhere on it is sent, one that is too large is not.
[[nodiscard]] const char* drop_script();
// Why there is no report.
[[nodiscard]] std::string problem_page(const std::string& problem);
// {"error": …}
[[nodiscard]] std::string problem_json(const std::string& problem);

}  // namespace unmask
