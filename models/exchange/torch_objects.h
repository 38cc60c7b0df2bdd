// SPDX-License-Identifier: Apache-2.0
// What PyTorch's pickles may name: storages, the functions that rebuild tensors and parameters from them,
// dtypes, and the containers around. Tensors stay descriptions until they are asked for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tensor.h"
#include "models/exchange/unpickler.h"

namespace unmask {

// The element types of storages.
struct TorchStorageType {
    const char* name;  // "FloatStorage"
    DType dtype;       // of the tensors here
    size_t bytes;      // of an element there
};

struct TorchStorage {
    std::string key;
    const TorchStorageType* type = nullptr;
    uint64_t elements = 0;
};

// A view of a storage, in elements.
struct TorchTensor {
    size_t storage = 0;  // index
    uint64_t offset = 0;
    std::vector<int64_t> sizes, strides;
};

class TorchObjects final : public PickleObjects {
  public:
    [[nodiscard]] bool knows(const std::string& global) const override;
    PickleValue call(PickleValues& values, const std::string& global, PickleId arguments) override;
    PickleValue persistent(PickleValues& values, PickleId id) override;
    void set_state(PickleValues& values, PickleId object, PickleId state) override;

    [[nodiscard]] const std::vector<TorchStorage>& storages() const { return storages_; }
    // The tensor that a value is; null for another value.
    [[nodiscard]] const TorchTensor* tensor(const PickleValues& values, PickleId id) const;
    // The state that was set of a container, such as an OrderedDict's attributes; null without one.
    [[nodiscard]] const PickleId* state_of(PickleId object) const;

  private:
    PickleValue rebuild_tensor(PickleValues& values, const std::vector<PickleId>& arguments);
    PickleValue ordered_dict(PickleValues& values, const std::vector<PickleId>& arguments);
    // Counts what is copied; Error beyond what pickles of allowed length hold.
    void charge(size_t items);

    std::vector<TorchStorage> storages_;
    std::map<std::string, size_t> storage_of_;  // by key
    std::vector<TorchTensor> tensors_;
    std::unordered_map<PickleId, PickleId> states_;
    size_t copied_ = 0;
};

}  // namespace unmask
