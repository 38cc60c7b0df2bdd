// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/torch_read.h"

#include "engine/error.h"
#include "models/exchange/torch_dict.h"
#include "models/exchange/zip_reader.h"

namespace unmask {
namespace {

constexpr std::string_view pickle_name = "/data.pkl";

// "NAME" of the one NAME/data.pkl.
std::string archive_name(const ZipReader& archive) {
    std::string name;
    for (const auto& [entry_name, entry] : archive.entries()) {
        if (!entry_name.ends_with(pickle_name)) continue;
        if (!name.empty())
            fail("it holds several pickles: {} and {}", name + std::string(pickle_name), entry_name);
        name = entry_name.substr(0, entry_name.size() - pickle_name.size());
    }
    if (name.empty()) fail("a zip archive without a data.pkl is no PyTorch file");
    return name;
}

StateDict read_archive(ZipReader& archive, uint64_t file_bytes) {
    const std::string name = archive_name(archive);
    const auto& entries = archive.entries();
    if (entries.contains(name + "/constants.pkl"))
        fail(
            "a TorchScript program, which is refused: only tensors are read (save model.state_dict() alone)");
    if (const auto order = entries.find(name + "/byteorder"); order != entries.end())
        if (const std::string text = archive.read_text(order->first, order->second, 16); text != "little")
            fail("expected tensors with byte order little, found '{}'", text);
    const auto pickle = entries.find(name + std::string(pickle_name));
    const std::string text = archive.read_text(pickle->first, pickle->second, most_pickle_bytes);
    TorchObjects objects;
    PickleValues values;
    size_t used = 0;
    const PickleId root = unpickle(text, objects, values, used);
    TorchTensors tensors(objects, file_bytes, [&](const TorchStorage& storage) {
        const auto entry = entries.find(name + "/data/" + storage.key);
        if (entry == entries.end()) fail("the archive lacks the storage '{}'", storage.key);
        const uint64_t bytes = entry->second.bytes;
        if (storage.elements > bytes / storage.type->bytes || storage.elements * storage.type->bytes != bytes)
            fail("the storage '{}': expected {} elements of {} bytes, found {} bytes", storage.key,
                 storage.elements, storage.type->bytes, bytes);
        auto buffer = std::make_shared<Buffer>(context_of(cpu_device), bytes);
        archive.read(entry->first, entry->second, buffer->data());
        return buffer;
    });
    return find_state_dict(values, root, objects, tensors);
}

}  // namespace

StateDict read_torch_zip(const std::filesystem::path& path) {
    ZipReader archive(path);
    try {
        return read_archive(archive, std::filesystem::file_size(path));
    } catch (const Error& error) {
        if (std::string_view(error.what()).starts_with(path.string())) throw;  // the archive's own
        fail("{}: {}", path.string(), error.what());
    }
}

}  // namespace unmask
