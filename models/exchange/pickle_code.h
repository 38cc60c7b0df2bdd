// SPDX-License-Identifier: Apache-2.0
// The instructions of Python's pickles that are read or written here (Lib/pickletools.py documents them).
#pragma once

#include <cstdint>

namespace unmask {

enum class PickleCode : uint8_t {
    mark = '(',
    stop = '.',
    pop = '0',
    pop_mark = '1',
    duplicate = '2',
    float64 = 'G',
    int32 = 'J',
    uint8 = 'K',
    uint16 = 'M',
    none = 'N',
    persistent_id = 'Q',
    reduce = 'R',
    bytes_string = 'T',
    short_bytes_string = 'U',
    text = 'X',
    append = 'a',
    build = 'b',
    global = 'c',
    dict_from_mark = 'd',
    empty_dict = '}',
    appends = 'e',
    get_uint8 = 'h',
    get_uint32 = 'j',
    list_from_mark = 'l',
    empty_list = ']',
    put_uint8 = 'q',
    put_uint32 = 'r',
    set_item = 's',
    tuple_from_mark = 't',
    empty_tuple = ')',
    set_items = 'u',
    bytes = 'B',
    short_bytes = 'C',
    protocol = 0x80,
    new_object = 0x81,
    tuple1 = 0x85,
    tuple2 = 0x86,
    tuple3 = 0x87,
    new_true = 0x88,
    new_false = 0x89,
    long1 = 0x8a,
    long4 = 0x8b,
    short_text = 0x8c,
    text8 = 0x8d,
    bytes8 = 0x8e,
    empty_set = 0x8f,
    add_items = 0x90,
    frozen_set = 0x91,
    stack_global = 0x93,
    memoize = 0x94,
    frame = 0x95,
};

}  // namespace unmask
