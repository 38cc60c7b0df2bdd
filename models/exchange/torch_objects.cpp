// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/torch_objects.h"

#include <algorithm>
#include <array>

namespace unmask {
namespace {

constexpr int64_t most_empty_size = int64_t{1}
                                    << 31;  // product of the other sizes of a tensor without elements

enum ObjectKind : uint32_t { storage_object, tensor_object };

constexpr std::array storage_types{
    TorchStorageType{"FloatStorage", DType::f32, 4}, TorchStorageType{"DoubleStorage", DType::f64, 8},
    TorchStorageType{"HalfStorage", DType::f16, 2},  TorchStorageType{"BFloat16Storage", DType::bf16, 2},
    TorchStorageType{"LongStorage", DType::i64, 8},  TorchStorageType{"IntStorage", DType::i32, 4},
    TorchStorageType{"ShortStorage", DType::i32, 2}, TorchStorageType{"CharStorage", DType::i8, 1},
    TorchStorageType{"ByteStorage", DType::u8, 1},   TorchStorageType{"BoolStorage", DType::u8, 1}};

// A storage's type by its global, "torch.FloatStorage" or "torch.cuda.FloatStorage"; null for another.
const TorchStorageType* storage_type(std::string_view global) {
    for (const std::string_view module : {"torch.", "torch.cuda."})
        for (const TorchStorageType& type : storage_types)
            if (global.starts_with(module) && global.substr(module.size()) == type.name) return &type;
    return nullptr;
}

constexpr std::array<std::string_view, 20> plain_globals{"collections.OrderedDict",
                                                         "torch._utils._rebuild_tensor",
                                                         "torch._utils._rebuild_tensor_v2",
                                                         "torch._utils._rebuild_parameter",
                                                         "torch._utils._rebuild_parameter_with_state",
                                                         "torch.Size",
                                                         "torch.device",
                                                         "_codecs.encode",
                                                         "builtins.set",
                                                         "__builtin__.set",
                                                         "torch.float32",
                                                         "torch.float64",
                                                         "torch.float16",
                                                         "torch.bfloat16",
                                                         "torch.int64",
                                                         "torch.int32",
                                                         "torch.int16",
                                                         "torch.int8",
                                                         "torch.uint8",
                                                         "torch.bool"};

void expect_arguments(const std::vector<PickleId>& arguments, size_t least, std::string_view what) {
    if (arguments.size() < least)
        fail("{}: expected at least {} arguments, found {}", what, least, arguments.size());
}

std::vector<int64_t> sizes_at(const PickleValues& values, PickleId id, std::string_view what) {
    const std::vector<PickleId>& items = values.items_at(id, what);
    if (items.size() > size_t{Shape::max_rank})
        fail("{}: expected at most {} dimensions, found {}", what, Shape::max_rank, items.size());
    std::vector<int64_t> sizes;
    for (const PickleId item : items) sizes.push_back(values.size_at(item, what));
    return sizes;
}

// Whether every element of the view lies within the storage, and there are no more of them than the storage
// has.
void check_view(const TorchTensor& tensor, const TorchStorage& storage) {
    const auto refuse = [&](const char* what) {
        fail("a tensor {} its storage '{}' of {} elements: offset {}, sizes {}, strides {}", what,
             storage.key, storage.elements, tensor.offset, Shape(tensor.sizes).str(),
             Shape(tensor.strides).str());
    };
    if (tensor.sizes.size() != tensor.strides.size())
        refuse("has another number of strides than of sizes in");
    if (std::ranges::find(tensor.sizes, 0) != tensor.sizes.end()) {
        if (tensor.offset > storage.elements) refuse("lies outside");
        int64_t others = 1;
        for (const int64_t size : tensor.sizes) {
            if (size > most_empty_size / others) refuse("without elements has absurd sizes in");
            others *= std::max<int64_t>(size, 1);
        }
        return;
    }
    uint64_t elements = 1, last = tensor.offset;
    if (last >= storage.elements) refuse("lies outside");
    for (size_t i = 0; i < tensor.sizes.size(); ++i) {
        const auto size = static_cast<uint64_t>(tensor.sizes[i]),
                   stride = static_cast<uint64_t>(tensor.strides[i]);
        if (size > storage.elements / elements) refuse("repeats elements of");
        elements *= size;
        if (size > 1 && stride > (storage.elements - 1 - last) / (size - 1)) refuse("reaches beyond");
        last += (size - 1) * stride;
    }
}

}  // namespace

bool TorchObjects::knows(const std::string& global) const {
    return std::ranges::find(plain_globals, global) != plain_globals.end() || storage_type(global) != nullptr;
}

void TorchObjects::charge(size_t items) {
    copied_ += items;
    if (copied_ > most_pickle_bytes) fail("the pickle makes more of itself than it holds");
}

PickleValue TorchObjects::call(PickleValues& values, const std::string& global, PickleId arguments_id) {
    const std::vector<PickleId>& arguments = values.items_at(arguments_id, global);
    if (global == "collections.OrderedDict") return ordered_dict(values, arguments);
    if (global.starts_with("torch._utils._rebuild_tensor")) return rebuild_tensor(values, arguments);
    expect_arguments(arguments, 1, global);
    if (global.starts_with("torch._utils._rebuild_parameter")) {
        if (tensor(values, arguments[0]) == nullptr)
            fail("{}: expected a tensor, found {}", global, values.kind_of(arguments[0]));
        return values[arguments[0]];
    }
    if (global == "torch.Size" || global.ends_with(".set")) {
        charge(values.items_at(arguments[0], global).size());
        return values[arguments[0]];
    }
    if (global == "torch.device" || global == "_codecs.encode") {
        charge(values.text_at(arguments[0], global).size());
        return values[arguments[0]];
    }
    fail("{} is called, which is refused", global);
}

PickleValue TorchObjects::ordered_dict(PickleValues& values, const std::vector<PickleId>& arguments) {
    PickleDict dict;
    if (arguments.empty()) return dict;
    const std::vector<PickleId>& pairs = values.items_at(arguments[0], "OrderedDict");
    charge(pairs.size());
    for (const PickleId pair : pairs) {
        const std::vector<PickleId>& items = values.items_at(pair, "OrderedDict");
        if (items.size() != 2) fail("OrderedDict: expected pairs, found {} items", items.size());
        dict.items.emplace_back(items[0], items[1]);
    }
    return dict;
}

PickleValue TorchObjects::rebuild_tensor(PickleValues& values, const std::vector<PickleId>& arguments) {
    expect_arguments(arguments, 4, "a tensor");
    const auto* object = values.get<PickleObject>(arguments[0]);
    if (object == nullptr || object->kind != storage_object)
        fail("a tensor: expected a storage, found {}", values.kind_of(arguments[0]));
    TorchTensor tensor;
    tensor.storage = object->index;
    tensor.offset = static_cast<uint64_t>(values.size_at(arguments[1], "a tensor's offset"));
    tensor.sizes = sizes_at(values, arguments[2], "a tensor's sizes");
    tensor.strides = sizes_at(values, arguments[3], "a tensor's strides");
    check_view(tensor, storages_[tensor.storage]);
    tensors_.push_back(std::move(tensor));
    return PickleObject{tensor_object, tensors_.size() - 1};
}

PickleValue TorchObjects::persistent(PickleValues& values, PickleId id) {
    const std::vector<PickleId>& items = values.items_at(id, "a persistent id");
    expect_arguments(items, 5, "a persistent id");
    if (const std::string& kind = values.text_at(items[0], "a persistent id"); kind != "storage")
        fail("a persistent id: expected a storage, found '{}'", kind);
    const auto* type_name = values.get<PickleGlobal>(items[1]);
    const TorchStorageType* type = type_name != nullptr ? storage_type(type_name->name) : nullptr;
    if (type == nullptr)
        fail("a storage: expected its type, found {}",
             type_name != nullptr ? std::string_view(type_name->name) : values.kind_of(items[1]));
    if (items.size() > 5 && values.get<std::monostate>(items[5]) == nullptr)
        fail("a storage that is a part of another, as PyTorch of before 2017 wrote it, is not read");
    const std::string& key = values.text_at(items[2], "a storage's key");
    const auto elements = static_cast<uint64_t>(values.size_at(items[4], "a storage's size"));
    const auto [place, is_new] = storage_of_.try_emplace(key, storages_.size());
    if (is_new) {
        charge(key.size());
        storages_.push_back({key, type, elements});
    } else if (const TorchStorage& known = storages_[place->second];
               known.type != type || known.elements != elements) {
        fail("the storage '{}' is {} {} and {} {}", key, known.elements, known.type->name, elements,
             type->name);
    }
    return PickleObject{storage_object, place->second};
}

void TorchObjects::set_state(PickleValues& values, PickleId object, PickleId state) {
    if (values.get<PickleDict>(object) == nullptr) fail("{} is given a state", values.kind_of(object));
    states_[object] = state;
}

const TorchTensor* TorchObjects::tensor(const PickleValues& values, PickleId id) const {
    const auto* object = values.get<PickleObject>(id);
    return object != nullptr && object->kind == tensor_object ? &tensors_[object->index] : nullptr;
}

const PickleId* TorchObjects::state_of(PickleId object) const {
    const auto found = states_.find(object);
    return found != states_.end() ? &found->second : nullptr;
}

}  // namespace unmask
