// SPDX-License-Identifier: Apache-2.0
#include "data/csv_file.h"

#include <csv.h>

#include "data/file_magic.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr uintmax_t max_csv_bytes = uintmax_t{4} << 30;

struct Parser {
    csv_parser csv{};
    std::vector<CsvRecord> records;
    CsvRecord current;
    int64_t line = 1;

    Parser() {
        // Strict: a quote within an unquoted field, or one that is never closed, is an error.
        if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0) fail("CSV: out of memory");
    }
    ~Parser() { csv_free(&csv); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    static void on_field(void* text, size_t size, void* self) {
        auto& parser = *static_cast<Parser*>(self);
        parser.current.fields.emplace_back(static_cast<const char*>(text), size);
    }
    static void on_record(int, void* self) {
        auto& parser = *static_cast<Parser*>(self);
        parser.records.push_back(std::move(parser.current));
        parser.current = {};
    }
};

}  // namespace

std::vector<CsvRecord> read_csv(const std::filesystem::path& path) {
    const std::vector<uint8_t> bytes = read_file(path, max_csv_bytes);
    return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

std::vector<CsvRecord> parse_csv(std::string_view text, const std::string& name) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    Parser parser;
    int64_t start = 1;  // line where the record that is being read began
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view piece = end == std::string_view::npos ? text : text.substr(0, end + 1);
        const size_t before = parser.records.size();
        if (csv_parse(&parser.csv, piece.data(), piece.size(), &Parser::on_field, &Parser::on_record,
                      &parser) != piece.size())
            fail(
                "{}:{}: a quote where none is expected (a field with quotes is quoted as a whole, its quotes "
                "doubled)",
                name, parser.line);
        for (size_t i = before; i < parser.records.size(); ++i) parser.records[i].line = start;
        ++parser.line;
        const bool between_records = parser.csv.pstate == 0;
        if (between_records) start = parser.line;
        text.remove_prefix(piece.size());
    }
    const size_t before = parser.records.size();
    if (csv_fini(&parser.csv, &Parser::on_field, &Parser::on_record, &parser) != 0)
        fail("{}:{}: a quoted field is never closed", name, start);
    for (size_t i = before; i < parser.records.size(); ++i) parser.records[i].line = start;
    return std::move(parser.records);
}

std::string csv_field(std::string_view text) {
    const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos &&
                       (text.empty() || (text.front() != ' ' && text.front() != '\t' && text.back() != ' ' &&
                                         text.back() != '\t'));
    if (plain) return std::string(text);
    std::string quoted(2 * text.size() + 2, '\0');
    quoted.resize(csv_write(quoted.data(), quoted.size(), text.data(), text.size()));
    return quoted;
}

}  // namespace unmask
