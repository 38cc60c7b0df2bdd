// SPDX-License-Identifier: Apache-2.0
// The unpickler's stack machine: its memory and what the instructions are made of. See unpickler.h.
#pragma once

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>

#include "models/exchange/unpickler.h"

namespace unmask {

class PickleMachine {
  public:
    PickleMachine(std::string_view bytes, PickleObjects& objects, PickleValues& values)
        : bytes_(bytes.substr(0, most_pickle_bytes)),
          is_cut_(bytes.size() > most_pickle_bytes),
          objects_(objects),
          values_(values),
          none_(values.add(std::monostate())) {}

    PickleId run(size_t& used) {
        std::optional<PickleId> result;
        try {
            while (!result) result = step();
        } catch (const Error& error) {
            fail("the pickle's instruction at byte {}: {}", instruction_, error.what());
        }
        used = place_;
        return *result;
    }

  private:
    static constexpr size_t longest_global = 256;

    std::string_view take(uint64_t count) {
        if (count > bytes_.size() - place_)
            fail("expected {} more bytes, found {}{}", count, bytes_.size() - place_,
                 is_cut_ ? " of those that are read at most" : "");
        const std::string_view taken = bytes_.substr(place_, count);
        place_ += count;
        return taken;
    }
    template <class Number>
    Number number() {
        Number result{};
        std::memcpy(&result, take(sizeof(Number)).data(), sizeof(Number));
        return result;
    }
    std::string_view line() {
        const size_t end = bytes_.find('\n', place_);
        if (end == std::string_view::npos || end - place_ > longest_global) fail("expected a short line");
        const std::string_view text = bytes_.substr(place_, end - place_);
        place_ = end + 1;
        return text;
    }

    template <class Value>
    void push(Value&& value) {
        stack_.push_back(values_.add(std::forward<Value>(value)));
    }
    PickleId top() const {
        if (stack_.size() <= floor()) fail("the stack is empty");
        return stack_.back();
    }
    PickleId pop() {
        const PickleId id = top();
        stack_.pop_back();
        return id;
    }
    // Values below it belong to those who set the mark.
    [[nodiscard]] size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    std::vector<PickleId> pop_to_mark() {
        if (marks_.empty()) fail("no mark was set");
        std::vector<PickleId> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()),
                                    stack_.end());
        stack_.resize(marks_.back());
        marks_.pop_back();
        return items;
    }
    std::vector<PickleId> pop_several(size_t count) {
        std::vector<PickleId> items(count);
        for (size_t i = count; i-- > 0;) items[i] = pop();
        return items;
    }

    void append(const std::vector<PickleId>& items) {
        auto* list = std::get_if<PickleSequence>(&values_[top()]);
        if (list == nullptr || !list->mutable_list)
            fail("expected a list to append to, found {}", values_.kind_of(top()));
        list->items.insert(list->items.end(), items.begin(), items.end());
    }
    static std::vector<std::pair<PickleId, PickleId>> pairs(const std::vector<PickleId>& items) {
        if (items.size() % 2 != 0) fail("a key without a value");
        std::vector<std::pair<PickleId, PickleId>> result;
        for (size_t i = 0; i < items.size(); i += 2) result.emplace_back(items[i], items[i + 1]);
        return result;
    }
    void set_items(const std::vector<PickleId>& items) {
        auto* dict = std::get_if<PickleDict>(&values_[top()]);
        if (dict == nullptr) fail("expected a dictionary to set items of, found {}", values_.kind_of(top()));
        const auto added = pairs(items);
        dict->items.insert(dict->items.end(), added.begin(), added.end());
    }

    void push_global(std::string_view module, std::string_view name) {
        std::string global = std::string(module) + "." + std::string(name);
        if (global.size() > longest_global) fail("a global's name has {} bytes", global.size());
        if (!objects_.knows(global))
            fail(
                "it names {}, which is refused: only tensors and plain containers are read (save "
                "model.state_dict() alone)",
                global);
        push(PickleGlobal{std::move(global)});
    }
    void call() {
        const PickleId arguments = pop(), callee = pop();
        const auto* global = values_.get<PickleGlobal>(callee);
        if (global == nullptr) fail("expected a global to call, found {}", values_.kind_of(callee));
        const std::string name = global->name;
        push(objects_.call(values_, name, arguments));
    }

    void push_long(uint64_t count) {
        const std::string_view digits = take(count);
        if (count > 8) return push(PickleBigInteger{std::string(digits)});
        const bool negative = !digits.empty() && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
        uint64_t bits = negative ? ~uint64_t{0} : 0;
        std::memcpy(&bits, digits.data(), count);
        push(std::bit_cast<int64_t>(bits));
    }
    // The largest-end-first float64 of pickles.
    void push_float() {
        auto bits = number<uint64_t>();
        uint64_t turned = 0;
        for (int i = 0; i < 8; ++i, bits >>= 8) turned = turned << 8 | (bits & 0xFF);
        push(std::bit_cast<double>(turned));
    }
    void push_text(uint64_t count) { push(PickleText{std::string(take(count))}); }
    void get(uint32_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end()) fail("nothing was remembered as {}", index);
        stack_.push_back(found->second);
    }

    // One instruction; the pickle's value at its end.
    std::optional<PickleId> step();

    std::string_view bytes_;
    bool is_cut_;
    PickleObjects& objects_;
    PickleValues& values_;
    PickleId none_;
    size_t place_ = 0, instruction_ = 0;
    std::vector<PickleId> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint32_t, PickleId> memo_;
};

}  // namespace unmask
