// SPDX-License-Identifier: Apache-2.0
// What kind of file a model lies in, by how the file begins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace unmask {

enum class FileFormat : uint8_t {
    safetensors,
    zip,      // PyTorch's files of 1.6 and newer
    pickle,   // and those of before
    onnx,     // a ModelProto
    unknown,  // of none of these kinds, shorter than file_beginning, or not there
};

// So many bytes tell.
inline constexpr size_t file_beginning = 9;
[[nodiscard]] FileFormat file_format_of(std::span<const std::byte> bytes);
[[nodiscard]] FileFormat file_format_of(const std::filesystem::path& path);

}  // namespace unmask
