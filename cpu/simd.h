// SPDX-License-Identifier: Apache-2.0
// The widest vectors of the instruction set that the file is compiled for, through the compiler's vector
// extension.
#pragma once

#include <cstdint>

namespace unmask {

template <class T>
struct Simd {
#if defined(__AVX512F__)
    static constexpr int bytes = 64, registers = 32;
#elif defined(__AVX__)
    static constexpr int bytes = 32, registers = 16;
#elif defined(__aarch64__)
    static constexpr int bytes = 16, registers = 32;
#else
    static constexpr int bytes = 16, registers = 16;
#endif
    static constexpr int lanes = bytes / static_cast<int>(sizeof(T));

    // A value of its own: a variable, an element of an array of such.
    typedef T Register __attribute__((vector_size(bytes)));

    // Stands in memory at any element's address, and aliases plain elements.
    typedef T Vector __attribute__((vector_size(bytes), aligned(alignof(T)), may_alias));

    static const Vector& at(const T* place) {
        return *reinterpret_cast<const Vector*>(place);
    }
    static Vector& at(T* place) {
        return *reinterpret_cast<Vector*>(place);
    }
};

}  // namespace unmask
