// SPDX-License-Identifier: Apache-2.0
// A file as a C and C++ header, so that a program can carry it. The bytes are string literals, which
// compilers read tens of times faster than lists of numbers: half a second for 8 MB.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>
#include <string_view>

namespace unmask {

// Error unless the name is one that C and C++ allow for a variable.
void check_header_name(std::string_view name);

// Writes `static const unsigned char NAME[]`, aligned to 64 bytes, and NAME_size, the number of bytes.
// `description` becomes a comment: lines without "*/".
void write_model_header(std::ostream& out, std::span<const std::byte> bytes, std::string_view name,
                        std::string_view description);

}  // namespace unmask
