// SPDX-License-Identifier: Apache-2.0
// Small PyTorch files of both formats, and pickles as PyTorch writes them.
#pragma once

#include <filesystem>

namespace unmask {

// Error when a file cannot be written.
void make_torch_corpus(const std::filesystem::path& folder);

}  // namespace unmask
