// SPDX-License-Identifier: Apache-2.0
// Handmade pickles for tests: pieces of text that are instructions.
#pragma once

#include <string>

namespace unmask::pickles {

using namespace std::string_literals;

inline std::string number_bytes(uint64_t number, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += char(number >> (8 * i));
    return text;
}
inline std::string text(const std::string& content) {
    return "X" + number_bytes(content.size(), 4) + content;
}
inline std::string integer(int64_t value) {
    return "\x8a\x08"s + number_bytes(uint64_t(value), 8);
}
inline std::string tuple(const std::string& items) {
    return "(" + items + "t";
}
inline std::string integers(const std::vector<int64_t>& values) {
    std::string items;
    for (const int64_t value : values) items += integer(value);
    return tuple(items);
}
inline std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
inline std::string called(const std::string& callee, const std::string& arguments) {
    return callee + tuple(arguments) + "R";
}
// Whole pickle of a value.
inline std::string whole(const std::string& value) {
    return "\x80\x02"s + value + ".";
}
// {key: value, …}, keys and values alternating.
inline std::string dict(const std::string& items) {
    return "}(" + items + "u";
}

inline std::string storage(const std::string& type, const std::string& key, int64_t elements) {
    return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + integer(elements)) + "Q";
}
inline std::string tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& sizes,
                          const std::vector<int64_t>& strides) {
    return called(global("torch._utils", "_rebuild_tensor_v2"),
                  storage + integer(offset) + integers(sizes) + integers(strides) + "\x89" +
                      called(global("collections", "OrderedDict"), ""));
}

}  // namespace unmask::pickles
