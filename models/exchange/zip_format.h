// SPDX-License-Identifier: Apache-2.0
// The records of a zip archive (PKWARE APPNOTE 6.3.9) as far as archives of stored entries need them. All
// numbers are little-endian.
//
//     local header    signature, 2 version, 2 flags, 2 method, 4 time and date, 4 CRC-32, 4 stored bytes, 4
//     bytes,
//                     2 length of the name, 2 of the extra fields; name; extra fields; data
//     central header  signature, 2 version made by, then as above up to the lengths; 2 length of the comment,
//     2 disk,
//                     2 + 4 attributes, 4 offset of the local header; name; extra fields; comment
//     end             signature, 2 disk, 2 disk, 2 entries here, 2 entries, 4 bytes and 4 offset of the
//     central
//                     headers, 2 length of the comment; comment
// Where a number does not fit, it is all ones and stands with 8 bytes in the zip64 extra field (id 1: bytes,
// stored bytes, offset) or in the zip64 end record, which the zip64 locator before `end` points at.
#pragma once

#include <cstdint>

namespace unmask::zip {

inline constexpr uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50,
                          end_signature = 0x06054b50, zip64_end_signature = 0x06064b50,
                          zip64_locator_signature = 0x07064b50;
inline constexpr uint64_t local_bytes = 30, central_bytes = 46, end_bytes = 22, zip64_end_bytes = 56,
                          zip64_locator_bytes = 20, longest_comment = 0xFFFF;
inline constexpr uint16_t stored = 0, flag_encrypted = 1, flag_utf8 = 1 << 11, zip64_extra = 1,
                          version_zip64 = 45;
inline constexpr uint32_t none16 = 0xFFFF, none32 = 0xFFFFFFFF;

}  // namespace unmask::zip
