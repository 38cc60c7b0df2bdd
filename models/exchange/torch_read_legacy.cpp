// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/error.h"
#include "models/exchange/torch_dict.h"
#include "models/exchange/torch_read.h"

namespace unmask {
namespace {

constexpr std::string_view magic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t known_version = 1001;
constexpr int most_pickles = 5;

// The pickles at the file's beginning, one after the other.
class Pickles {
  public:
    explicit Pickles(std::string bytes) : bytes_(std::move(bytes)) {}
    PickleId next(TorchObjects& objects, PickleValues& values) {
        size_t used = 0;
        const PickleId id = unpickle(std::string_view(bytes_).substr(place_), objects, values, used);
        place_ += used;
        return id;
    }
    [[nodiscard]] uint64_t place() const { return place_; }

  private:
    std::string bytes_;
    size_t place_ = 0;
};

// Where each storage's bytes begin, by key.
std::map<std::string, uint64_t> places_of_storages(std::ifstream& file, uint64_t file_bytes, uint64_t place,
                                                   const PickleValues& values, PickleId keys,
                                                   const TorchObjects& objects) {
    std::map<std::string, const TorchStorage*> storages;
    for (const TorchStorage& storage : objects.storages()) storages[storage.key] = &storage;
    std::map<std::string, uint64_t> places;
    for (const PickleId id : values.items_at(keys, "the keys of the storages")) {
        const std::string& key = values.text_at(id, "a storage's key");
        const auto found = storages.find(key);
        if (found == storages.end()) fail("the storage '{}' belongs to no tensor", key);
        const TorchStorage& storage = *found->second;
        uint64_t elements = 0;
        if (file_bytes - place < sizeof elements) fail("the file is cut off before the storage '{}'", key);
        file.seekg(static_cast<std::streamoff>(place));
        file.read(reinterpret_cast<char*>(&elements), sizeof elements);
        place += sizeof elements;
        if (!file || elements != storage.elements)
            fail("the storage '{}': expected {} elements, found {}", key, storage.elements, elements);
        if (elements > (file_bytes - place) / storage.type->bytes)
            fail("the file is cut off in the storage '{}' of {} elements", key, elements);
        if (!places.emplace(key, place).second) fail("the storage '{}' is there twice", key);
        place += elements * storage.type->bytes;
    }
    return places;
}

StateDict read_pickles(std::ifstream& file, uint64_t file_bytes) {
    std::string start(std::min<uint64_t>(file_bytes, most_pickles * most_pickle_bytes), '\0');
    file.read(start.data(), static_cast<std::streamsize>(start.size()));
    start.resize(static_cast<size_t>(file.gcount()));
    file.clear();
    Pickles pickles(std::move(start));
    TorchObjects objects;
    PickleValues values;
    const PickleId number = pickles.next(objects, values);
    if (const auto* found = values.get<PickleBigInteger>(number); found == nullptr || found->bytes != magic)
        fail("expected PyTorch's magic number first, found {}", values.kind_of(number));
    const PickleId version = pickles.next(objects, values);
    if (const auto* found = values.get<int64_t>(version); found == nullptr || *found != known_version)
        fail("expected version {}, found {}", known_version,
             found == nullptr ? std::string(values.kind_of(version)) : std::to_string(*found));
    const PickleId machine = pickles.next(objects, values);
    if (const auto* facts = values.get<PickleDict>(machine))
        for (const auto& [name, value] : facts->items)
            if (const auto* text = values.get<PickleText>(name);
                text != nullptr && text->text == "little_endian")
                if (const auto* little = values.get<bool>(value); little == nullptr || !*little)
                    fail("expected tensors with byte order little, found {}",
                         little == nullptr ? std::string(values.kind_of(value)) : "big");
    const PickleId root = pickles.next(objects, values);
    const PickleId keys = pickles.next(objects, values);
    const auto places = places_of_storages(file, file_bytes, pickles.place(), values, keys, objects);
    TorchTensors tensors(objects, file_bytes, [&](const TorchStorage& storage) {
        const auto place = places.find(storage.key);
        if (place == places.end()) fail("the file lacks the storage '{}'", storage.key);
        const uint64_t bytes = storage.elements * storage.type->bytes;
        auto buffer = std::make_shared<Buffer>(context_of(cpu_device), bytes);
        file.seekg(static_cast<std::streamoff>(place->second));
        file.read(reinterpret_cast<char*>(buffer->data()), static_cast<std::streamsize>(bytes));
        if (!file) fail("the storage '{}' cannot be read", storage.key);
        return buffer;
    });
    return find_state_dict(values, root, objects, tensors);
}

}  // namespace

StateDict read_torch_legacy(const std::filesystem::path& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
    try {
        return read_pickles(file, std::filesystem::file_size(path));
    } catch (const Error& error) {
        fail("{}: not a PyTorch file that is read here: {}", path.string(), error.what());
    }
}

}  // namespace unmask
