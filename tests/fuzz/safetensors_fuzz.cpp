// SPDX-License-Identifier: Apache-2.0
// A safetensors file, on disk and in memory, and a detector in it.
#include "engine/safetensors.h"
#include "models/checkpoint.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace unmask;
    const auto file = fuzz::as_file("model.safetensors", data, size);
    fuzz::read_or_refuse([&] { static_cast<void>(read_safetensors(file)); });
    fuzz::read_or_refuse([&] { static_cast<void>(load_detector(file)); });
    fuzz::read_or_refuse([&] {
        const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
        for (const auto& [name, tensor] : read_safetensors(bytes, "memory", nullptr).tensors)
            static_cast<void>(tensor.to_doubles());
    });
    return 0;
}
