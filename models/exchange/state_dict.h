// SPDX-License-Identifier: Apache-2.0
// Named tensors of a file, whatever format it has: safetensors, or PyTorch's own (zip archives of PyTorch 1.6
// and newer, and the pickles of before). The content decides on the format, not the file's name.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/safetensors.h"

namespace unmask {

struct StateDict {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string>
        metadata;                       // of this program's files; else what a safetensors file says
    std::vector<std::string> left_out;  // what stood beside the tensors in the file and is not one
};

// Reads the file. Where the tensors of a PyTorch file lie under one of "state_dict", "model_state_dict",
// "model", "network", "net" or "weights" they are taken from there; the prefixes "module." and "_orig_mod.",
// which wrappers of models leave, are dropped. Error names the file and what is wrong: none of the formats,
// damaged or cut off, a pickle that names anything but tensors and plain containers, no tensors.
[[nodiscard]] StateDict read_state_dict(const std::filesystem::path& path);

// The key under which a state dict's OrderedDict carries this program's metadata in PyTorch files.
inline constexpr const char* torch_metadata_key = "unmask";

// Writes a PyTorch file that torch.load reads, also with weights_only: an OrderedDict of contiguous tensors
// in the order of their names, with the metadata in its _metadata attribute. Atomic; the same content gives
// the same bytes.
void write_torch_file(const std::filesystem::path& path, const TensorFile& file);

}  // namespace unmask
