// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/state_dict.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/error.h"
#include "models/exchange/torch_read.h"
#include "models/file_format.h"

namespace unmask {
namespace {

void drop_prefixes(std::map<std::string, Tensor>& tensors) {
    constexpr std::array<std::string_view, 2> prefixes{"module.", "_orig_mod."};
    for (bool dropped = true; dropped && !tensors.empty();) {
        dropped = false;
        for (const std::string_view prefix : prefixes) {
            const auto has_prefix = [&](const auto& entry) { return entry.first.starts_with(prefix); };
            if (!std::ranges::all_of(tensors, has_prefix)) continue;
            std::map<std::string, Tensor> shorter;
            for (auto& [name, tensor] : tensors)
                shorter.emplace(name.substr(prefix.size()), std::move(tensor));
            tensors = std::move(shorter);
            dropped = true;
        }
    }
}

[[noreturn]] void refuse_unknown(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        fail("{}: expected a file, found a folder", path.string());
    if (std::filesystem::exists(path, error))
        fail("{}: expected a safetensors file or a PyTorch file, found neither", path.string());
    fail("{}: there is no such file", path.string());
}

}  // namespace

StateDict read_state_dict(const std::filesystem::path& path) {
    StateDict result;
    switch (file_format_of(path)) {
        case FileFormat::zip:
            result = read_torch_zip(path);
            break;
        case FileFormat::pickle:
            result = read_torch_legacy(path);
            break;
        case FileFormat::safetensors: {
            TensorFile file = read_safetensors(path);
            result.tensors = std::move(file.tensors);
            result.metadata = std::move(file.metadata);
            break;
        }
        case FileFormat::onnx:
            fail(
                "{}: expected a safetensors file or a PyTorch file, found an ONNX file, which is written "
                "only",
                path.string());
        case FileFormat::unknown:
            refuse_unknown(path);
    }
    drop_prefixes(result.tensors);
    if (result.tensors.empty()) fail("{}: it holds no tensors", path.string());
    return result;
}

}  // namespace unmask
