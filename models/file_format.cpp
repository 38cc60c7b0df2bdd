// SPDX-License-Identifier: Apache-2.0
#include "models/file_format.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string_view>

namespace unmask {

FileFormat file_format_of(std::span<const std::byte> bytes) {
    if (bytes.size() < file_beginning) return FileFormat::unknown;
    std::array<uint8_t, file_beginning> start{};
    std::memcpy(start.data(), bytes.data(), start.size());
    if (std::memcmp(start.data(), "PK\3\4", 4) == 0) return FileFormat::zip;
    // 8 bytes of length, and JSON.
    if (start[8] == '{') return FileFormat::safetensors;
    // PROTO, and its version.
    if (start[0] == 0x80 && start[1] >= 2 && start[1] <= 5) return FileFormat::pickle;
    // ir_version, a small number in field 1, and the tag of the field that follows: producer_name,
    // producer_version, domain, doc_string, graph or opset_import, with a length, or model_version, a number.
    constexpr std::string_view next_tags = "\x12\x1a\x22\x32\x3a\x42\x28";
    if (start[0] == 0x08 && start[1] >= 1 && start[1] < 64 &&
        next_tags.find(static_cast<char>(start[2])) != std::string_view::npos)
        return FileFormat::onnx;
    return FileFormat::unknown;
}

FileFormat file_format_of(const std::filesystem::path& path) {
    std::array<char, file_beginning> start{};
    std::ifstream file(path, std::ios::binary);
    if (!file.read(start.data(), start.size())) return FileFormat::unknown;
    return file_format_of(std::as_bytes(std::span(start)));
}

}  // namespace unmask
