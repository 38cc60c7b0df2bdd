// SPDX-License-Identifier: Apache-2.0
#include "embed/model_header.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// What a compiler makes of the string literals in the header: octal escapes of one to three digits, and \c as
// c.
std::string literals_of(const std::string& header) {
    std::string bytes;
    std::istringstream lines(header.substr(header.find("[] =\n") + 5));
    for (std::string line; std::getline(lines, line) && line[0] == '"';) {
        EXPECT_EQ(line.back(), '"');
        for (size_t i = 1; i + 1 < line.size(); ++i) {
            if (line[i] != '\\') {
                EXPECT_TRUE(line[i] != '"' && line[i] != '?' && line[i] >= ' ') << line;
                bytes += line[i];
            } else if (line[i + 1] >= '0' && line[i + 1] <= '7') {
                int value = 0, digits = 0;
                for (; digits < 3 && line[i + 1] >= '0' && line[i + 1] <= '7'; ++digits)
                    value = value * 8 + (line[++i] - '0');
                bytes += char(value);
            } else {
                bytes += line[++i];
            }
        }
    }
    return bytes;
}

std::string header_of(const std::string& bytes, std::string_view name = "model_bytes") {
    std::ostringstream out;
    write_model_header(out, std::as_bytes(std::span(bytes)), name, "about it");
    return out.str();
}

TEST(ModelHeader, HoldsEveryByteBeforeEveryOther) {
    std::string bytes;
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) bytes += {char(first), char(second)};
    EXPECT_EQ(literals_of(header_of(bytes)), bytes);
    EXPECT_EQ(literals_of(header_of("")), "");
    const std::string text = header_of(bytes);
    EXPECT_NE(text.find("#define model_bytes_size ((size_t)131072)"), std::string::npos);
    EXPECT_NE(text.find("about it"), std::string::npos);
}

TEST(ModelHeader, TakesNamesOfVariablesOnly) {
    for (const char* name : {"", "9lives", "_x", "a-b", "a b", "int", "and", "alignas", "co_await", "nullptr",
                             "namespace", "restrict", "template", "typedef", "xor_eq", "m\xc3\xbc", "x\ny"})
        expect_error([&] { (void)header_of("x", name); }, {"name"});
    EXPECT_NE(header_of("x", "Face_2").find("char Face_2[]"), std::string::npos);
}

}  // namespace
}  // namespace unmask
