// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unmask {

struct CsvRecord {
    int64_t line = 0;  // where it starts, from 1
    std::vector<std::string> fields;
};

// All records of a file: LF or CRLF, quoted fields with commas, line ends and doubled quotes; a UTF-8 mark
// and blank lines are skipped, spaces around unquoted fields dropped. Error names file and line of a
// misplaced quote.
[[nodiscard]] std::vector<CsvRecord> read_csv(const std::filesystem::path& path);

// The same from the text of such a file; `name` is what messages call it.
[[nodiscard]] std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& name);

// The text as a field, quoted where it has to be.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace unmask
