// SPDX-License-Identifier: Apache-2.0
#include "data/csv_file.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

using Fields = std::vector<std::string>;

// The fields of each record, and the lines where they start.
std::pair<std::vector<Fields>, std::vector<int64_t>> parsed(std::string_view text) {
    std::pair<std::vector<Fields>, std::vector<int64_t>> result;
    for (const CsvRecord& record : parse_csv(text, "x.csv")) {
        result.first.push_back(record.fields);
        result.second.push_back(record.line);
    }
    return result;
}

TEST(Csv, FieldsAndLineEnds) {
    const std::vector<Fields> wanted{{"a", "b"}, {"1", ""}, {"", "2"}};
    for (const char* text : {"a,b\n1,\n,2\n", "a,b\r\n1,\r\n,2\r\n", "a,b\n1,\n,2",
                             "\xEF\xBB\xBF"
                             "a,b\n1,\n,2\n",
                             " a ,\tb\n\n1,  \n\r\n,2\n\n"})
        EXPECT_EQ(parsed(text).first, wanted) << text;
    EXPECT_TRUE(parsed("").first.empty());
    EXPECT_TRUE(parsed("\n\r\n\n").first.empty());
    EXPECT_EQ(parsed("x").first, std::vector<Fields>{{"x"}});
    EXPECT_EQ(parsed("\xEF\xBB\xBF").first, std::vector<Fields>{});
    // Bytes that mean nothing here stay.
    EXPECT_EQ(parsed(std::string_view("\0\xFF,;\n", 5)).first, (std::vector<Fields>{{{"\0\xFF", 2}, ";"}}));
}

TEST(Csv, QuotedFieldsHoldAnything) {
    const auto [records, lines] =
        parsed("h\n\"a,b\",\"say \"\"x\"\"\"\n\"two\nlines\r\nthree\",\" kept \"\n\"\",z\n");
    EXPECT_EQ(records, (std::vector<Fields>{
                           {"h"}, {"a,b", "say \"x\""}, {"two\nlines\r\nthree", " kept "}, {"", "z"}}));
    EXPECT_EQ(lines, (std::vector<int64_t>{1, 2, 3, 6}));
    // Blank lines count as lines.
    EXPECT_EQ(parsed("a\n\n\nb\n\"c\nd\"\n\ne").second, (std::vector<int64_t>{1, 4, 5, 8}));
}

TEST(Csv, MisplacedQuotesNameTheLine) {
    const auto refuse = [](std::string_view text, const std::vector<std::string>& parts) {
        expect_error([&] { static_cast<void>(parse_csv(text, "x.csv")); }, parts);
    };
    refuse("a\nb\"c\n", {"x.csv:2:", "a quote where none is expected"});
    refuse("a,b\n1,\"2\"3\n", {"x.csv:2:", "a quote where none is expected"});
    refuse("a\n\"b\nc\nd", {"x.csv:2:", "never closed"});
    refuse("\"", {"x.csv:1:", "never closed"});
    const TemporaryFolder folder;
    expect_error([&] { static_cast<void>(read_csv(folder / "none.csv")); }, {"none.csv", "no such file"});
    write_content(folder / "bad.csv", "a\n\"");
    expect_error([&] { static_cast<void>(read_csv(folder / "bad.csv")); }, {"bad.csv:2:", "never closed"});
    write_content(folder / "good.csv", "a\n1\n");
    EXPECT_EQ(read_csv(folder / "good.csv").size(), 2u);
}

TEST(Csv, WhatIsWrittenAsAFieldIsReadBack) {
    for (const std::string text : {"plain", "with space", "a,b", "\"", "say \"x\"", " before", "after ",
                                   "\ttab", "two\nlines", "cr\rhere", "\r\n", "ümlaut", "'", ";"}) {
        EXPECT_EQ(parsed("x," + csv_field(text) + ",y\n").first, (std::vector<Fields>{{"x", text, "y"}}))
            << text;
    }
    EXPECT_EQ(csv_field("plain"), "plain");
    EXPECT_EQ(csv_field(""), "");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"x\""), "\"say \"\"x\"\"\"");
}

}  // namespace
}  // namespace unmask
