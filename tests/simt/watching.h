// SPDX-License-Identifier: Apache-2.0
// What watched code (instrumentation.cpp) tells the emulated GPU.
#pragma once

#include <cstddef>

namespace simt {

// There is watched code in this program.
void watch();
// The running thread, if any, reads or writes memory; the code that does is for the message of a race.
void access(const void* memory, size_t bytes, bool write, const void* code);

}  // namespace simt
