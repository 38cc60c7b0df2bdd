// SPDX-License-Identifier: Apache-2.0
// A restricted unpickler (Python's pickle protocols 2 to 5): builds plain containers, and what its
// PickleObjects make of names that they know; it calls nothing and refuses every other name. A pickle is a
// program for a stack machine: this one runs in a loop without recursion, its memory is bounded by the
// pickle's length.
#pragma once

#include <string_view>

#include "models/exchange/pickle_value.h"

namespace unmask {

// What gives names and persistent ids in a pickle a meaning. Each may throw Error.
class PickleObjects {
  public:
    PickleObjects() = default;
    PickleObjects(const PickleObjects&) = delete;
    PickleObjects& operator=(const PickleObjects&) = delete;
    virtual ~PickleObjects() = default;
    // Whether the pickle may name it.
    [[nodiscard]] virtual bool knows(const std::string& global) const = 0;
    // What the allowed global makes of its arguments, a tuple. What it copies must be bounded over all calls:
    // a pickle of few bytes can make many calls with the same large arguments.
    virtual PickleValue call(PickleValues& values, const std::string& global, PickleId arguments) = 0;
    // What an id stands for that lies outside the pickle.
    virtual PickleValue persistent(PickleValues& values, PickleId id) = 0;
    // The state that belongs to an object that was made; it may be kept or dropped.
    virtual void set_state(PickleValues& values, PickleId object, PickleId state) = 0;
};

// Most bytes of a pickle: its tensors' data are elsewhere.
inline constexpr size_t most_pickle_bytes = size_t{4} << 20;

// Runs one pickle from the beginning of `bytes` and returns its value; `used` becomes its length. Error says
// at which byte what was wrong: an unknown instruction, a name that is refused (it is named), lengths beyond
// the pickle, an empty stack.
PickleId unpickle(std::string_view bytes, PickleObjects& objects, PickleValues& values, size_t& used);

}  // namespace unmask
