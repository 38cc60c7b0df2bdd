// SPDX-License-Identifier: Apache-2.0
// The safetensors format: 8 bytes little-endian header length, a JSON header (name -> dtype, shape, data
// offsets, and
// "__metadata__" with text values), then the tensors' bytes, row-major and little-endian.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/tensor.h"

namespace unmask {

struct TensorFile {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;
};

// Reads the whole file. Error names the file and what is wrong: too short, a header that is no such JSON, an
// unknown dtype, offsets that overlap, leave holes, or do not fit shape or file. Nothing is allocated before
// it is checked.
[[nodiscard]] TensorFile read_safetensors(const std::filesystem::path& path);

// Writes atomically, with tensors in the order of their names, without gaps: the same content gives the same
// bytes. The tensors may be on any device.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace unmask
