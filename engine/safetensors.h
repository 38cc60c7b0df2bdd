// SPDX-License-Identifier: Apache-2.0
// The safetensors format: 8 bytes little-endian header length, a JSON header (name -> dtype, shape, data
// offsets, and
// "__metadata__" with text values), then the tensors' bytes, row-major and little-endian.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/tensor.h"

namespace unmask {

struct TensorFile {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;
};

// Reads the whole file. Error names the file and what is wrong: too short, a header that is no such JSON, an
// unknown dtype, offsets that overlap, leave holes, or do not fit shape or file, tensors that do not have the
// checksum of the metadata. That one is not returned; files without it, and builds without xxHash, do without the
// check. Nothing is allocated before it is checked.
[[nodiscard]] TensorFile read_safetensors(const std::filesystem::path& path);

// The same of a file's bytes in memory; `name` stands for the file in messages. Tensors are views of the
// bytes, which may be read-only and which `owner` keeps alive (null: they outlive every tensor); those that do
// not lie aligned for their dtype are copied.
[[nodiscard]] TensorFile read_safetensors(std::span<const std::byte> bytes, std::string_view name,
                                          const std::shared_ptr<const void>& owner);

// Writes atomically, with tensors in the order of their names, without gaps: the same content gives the same
// bytes. The metadata get a checksum of the tensors (XXH3, tensors_xxh3). The tensors may be on any device.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace unmask
