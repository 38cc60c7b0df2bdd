// SPDX-License-Identifier: Apache-2.0
#include "embed/model_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr size_t bytes_a_line = 64;
constexpr size_t longest_name = 200;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// As the content of a string literal. An octal escape takes up to three digits, so that a digit behind a
// shorter one would belong to it; "?" could begin a trigraph.
void append_escaped(std::string& line, unsigned char byte, bool digit_follows) {
    const char c = static_cast<char>(byte);
    if (c == '"' || c == '\\' || c == '?') {
        line += '\\';
        line += c;
    } else if (byte >= 32 && byte < 127) {
        line += c;
    } else {
        line += digit_follows ? fmt::format("\\{:03o}", byte) : fmt::format("\\{:o}", byte);
    }
}

// Words of C up to C23 and C++ up to C++23 that may not be names.
constexpr std::array<std::string_view, 95> reserved{"alignas",
                                                    "alignof",
                                                    "and",
                                                    "and_eq",
                                                    "asm",
                                                    "auto",
                                                    "bitand",
                                                    "bitor",
                                                    "bool",
                                                    "break",
                                                    "case",
                                                    "catch",
                                                    "char",
                                                    "char16_t",
                                                    "char32_t",
                                                    "char8_t",
                                                    "class",
                                                    "co_await",
                                                    "co_return",
                                                    "co_yield",
                                                    "compl",
                                                    "concept",
                                                    "const",
                                                    "const_cast",
                                                    "consteval",
                                                    "constexpr",
                                                    "constinit",
                                                    "continue",
                                                    "decltype",
                                                    "default",
                                                    "delete",
                                                    "do",
                                                    "double",
                                                    "dynamic_cast",
                                                    "else",
                                                    "enum",
                                                    "explicit",
                                                    "export",
                                                    "extern",
                                                    "false",
                                                    "float",
                                                    "for",
                                                    "friend",
                                                    "goto",
                                                    "if",
                                                    "inline",
                                                    "int",
                                                    "long",
                                                    "mutable",
                                                    "namespace",
                                                    "new",
                                                    "noexcept",
                                                    "not",
                                                    "not_eq",
                                                    "nullptr",
                                                    "operator",
                                                    "or",
                                                    "or_eq",
                                                    "private",
                                                    "protected",
                                                    "public",
                                                    "register",
                                                    "reinterpret_cast",
                                                    "requires",
                                                    "restrict",
                                                    "return",
                                                    "short",
                                                    "signed",
                                                    "sizeof",
                                                    "static",
                                                    "static_assert",
                                                    "static_cast",
                                                    "struct",
                                                    "switch",
                                                    "template",
                                                    "this",
                                                    "thread_local",
                                                    "throw",
                                                    "true",
                                                    "try",
                                                    "typedef",
                                                    "typeid",
                                                    "typename",
                                                    "typeof",
                                                    "typeof_unqual",
                                                    "union",
                                                    "unsigned",
                                                    "using",
                                                    "virtual",
                                                    "void",
                                                    "volatile",
                                                    "wchar_t",
                                                    "while",
                                                    "xor",
                                                    "xor_eq"};

}  // namespace

void check_header_name(std::string_view name) {
    const bool valid = !name.empty() && name.size() <= longest_name && is_letter(name[0]) && name[0] != '_' &&
                       std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); }) &&
                       std::ranges::find(reserved, name) == reserved.end();
    if (!valid)
        fail("name: expected letters, digits and _, a letter first and no word of the language, found {:?}",
             name);
}

void write_model_header(std::ostream& out, std::span<const std::byte> bytes, std::string_view name,
                        std::string_view description) {
    check_header_name(name);
    UNMASK_ASSERT(description.find("*/") == std::string_view::npos);
    out << fmt::format(
        "/* {}\n * unmask_model_open_memory({}, {}_size, ...)\n */\n#ifndef {}_INCLUDED\n#define "
        "{}_INCLUDED\n"
        "#include <stddef.h>\n"
        "#define {}_size ((size_t){})\n"
        "#ifdef __GNUC__\n#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored "
        "\"-Woverlength-strings\"\n"
        "#endif\n"
        "#ifdef __cplusplus\nalignas(64)\n#else\n_Alignas(64)\n#endif\n"
        "static const unsigned char {}[] =\n",
        description, name, name, name, name, name, bytes.size(), name);
    std::string line;
    for (size_t begin = 0; begin < bytes.size(); begin += bytes_a_line) {
        const auto part = bytes.subspan(begin, std::min(bytes_a_line, bytes.size() - begin));
        line = "\"";
        for (size_t i = 0; i < part.size(); ++i)
            append_escaped(line, static_cast<unsigned char>(part[i]),
                           i + 1 < part.size() && is_digit(static_cast<char>(part[i + 1])));
        line += "\"\n";
        out << line;
    }
    if (bytes.empty()) out << "\"\"\n";
    out << ";\n#ifdef __GNUC__\n#pragma GCC diagnostic pop\n#endif\n#endif\n";
}

}  // namespace unmask
