// SPDX-License-Identifier: Apache-2.0
// A detector as a state dict for PyTorch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/checkpoint.h"

namespace unmask {

// Whose names the tensors get: this program's, or those of the paper's published code.
enum class TorchNames : uint8_t { unmask, paper };

// Writes the file (see write_torch_file): parameters and running statistics, convolution weights as OIHW.
// Under this program's names the file also carries the metadata, so that import_detector gives the same
// detector back. Under the paper's, a network that came from its code takes BGR again. Returns what a user
// should know. Nothing of a training state is written.
std::vector<std::string> export_torch(const std::filesystem::path& path, const Detector& detector,
                                      const CheckpointInfo& info, TorchNames names);

}  // namespace unmask
