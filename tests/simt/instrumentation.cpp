// SPDX-License-Identifier: Apache-2.0
// What -fsanitize=thread makes the compiler call for every access of memory. The sanitizer's own library,
// which knows threads of the operating system, is not linked: these functions take its names.
#include <cstdint>

#include "tests/simt/watching.h"

// NOLINTBEGIN(bugprone-reserved-identifier): the compiler's names
#define UNMASK_ACCESS(name, bytes, write)                                \
    extern "C" void __tsan_##name(const void* memory);                   \
    extern "C" void __tsan_##name(const void* memory) {                  \
        simt::access(memory, bytes, write, __builtin_return_address(0)); \
    }
#define UNMASK_ACCESSES(bytes)                         \
    UNMASK_ACCESS(read##bytes, bytes, false)           \
    UNMASK_ACCESS(write##bytes, bytes, true)           \
    UNMASK_ACCESS(unaligned_read##bytes, bytes, false) \
    UNMASK_ACCESS(unaligned_write##bytes, bytes, true)

UNMASK_ACCESSES(1)
UNMASK_ACCESSES(2)
UNMASK_ACCESSES(4)
UNMASK_ACCESSES(8)
UNMASK_ACCESSES(16)

extern "C" {
void __tsan_read_range(const void* memory, unsigned long bytes);
void __tsan_read_range(const void* memory, unsigned long bytes) {
    simt::access(memory, bytes, false, __builtin_return_address(0));
}
void __tsan_write_range(const void* memory, unsigned long bytes);
void __tsan_write_range(const void* memory, unsigned long bytes) {
    simt::access(memory, bytes, true, __builtin_return_address(0));
}
void __tsan_vptr_update(void*, void*);
void __tsan_vptr_update(void*, void*) {}
void __tsan_init();
void __tsan_init() {
    simt::watch();
}
// Counts of references on the host, which are none of the GPU's memory.
int __tsan_atomic32_fetch_add(volatile int* count, int value, int order);
int __tsan_atomic32_fetch_add(volatile int* count, int value, int) {
    return __atomic_fetch_add(count, value, __ATOMIC_SEQ_CST);
}
}
// NOLINTEND(bugprone-reserved-identifier)
