// SPDX-License-Identifier: Apache-2.0
// What a pickle holds, as plain data. Values refer to each other by number, so that cycles and deep nesting
// cost nothing and nobody walks through them unasked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/error.h"

namespace unmask {

using PickleId = uint32_t;

struct PickleText {  // str, or bytes
    std::string text;
};
struct PickleBigInteger {  // one beyond 64 bits: two's complement, little-endian
    std::string bytes;
};
struct PickleSequence {  // tuple, list, set
    std::vector<PickleId> items;
    bool mutable_list = false;
};
struct PickleDict {  // in the order of insertion; a key may come again, then the last counts
    std::vector<std::pair<PickleId, PickleId>> items;
};
struct PickleGlobal {  // a name that the objects allowed, never called by the unpickler itself
    std::string name;  // "module.name"
};
struct PickleObject {  // of the objects' own making: an index into what they keep
    uint32_t kind = 0;
    uint64_t index = 0;
};

using PickleValue = std::variant<std::monostate, bool, int64_t, double, PickleText, PickleBigInteger,
                                 PickleSequence, PickleDict, PickleGlobal, PickleObject>;

// All values of a pickle.
class PickleValues {
  public:
    template <class Value>
    PickleId add(Value&& value) {
        values_.emplace_back(std::forward<Value>(value));
        return static_cast<PickleId>(values_.size() - 1);
    }
    [[nodiscard]] const PickleValue& operator[](PickleId id) const { return values_[id]; }
    [[nodiscard]] PickleValue& operator[](PickleId id) { return values_[id]; }
    // The value if it is of that kind, else null.
    template <class T>
    [[nodiscard]] const T* get(PickleId id) const {
        return std::get_if<T>(&values_[id]);
    }
    // "a number", "a text" …, for messages.
    [[nodiscard]] std::string_view kind_of(PickleId id) const;
    // Error "WHAT: expected …, found …" unless it is a number of at least 0.
    [[nodiscard]] int64_t size_at(PickleId id, std::string_view what) const;
    [[nodiscard]] const std::string& text_at(PickleId id, std::string_view what) const;
    // The items of a tuple or list.
    [[nodiscard]] const std::vector<PickleId>& items_at(PickleId id, std::string_view what) const;

  private:
    std::vector<PickleValue> values_;
};

}  // namespace unmask
