// SPDX-License-Identifier: Apache-2.0
// Asynchronous copies to shared memory: see pipeline.h.
#include <algorithm>
#include <cstring>
#include <string>

#include "tests/simt/machine_state.h"
#include "tests/simt/watching.h"

namespace simt {

void copy_async(void* shared, const void* global, size_t bytes, size_t zeros) {
    Machine& m = machine();
    if (bytes != 4 && bytes != 8 && bytes != 16)
        fault("expected a copy of 4, 8 or 16 bytes to shared memory, found " + std::to_string(bytes));
    check_aligned(shared, bytes);
    check_aligned(global, bytes);
    if (zeros > bytes) fault("more zeros than the copy has bytes");
    if (!m.shared.holds(shared)) fault("an asynchronous copy goes to shared memory alone");
    access(shared, bytes, true, __builtin_return_address(0));
    std::memset(shared, 0xFF, bytes);
    m.current->copies.push_back({shared, global, bytes, zeros, m.current->batches});
}

void commit_copies() {
    ++machine().current->batches;
}

void wait_for_copies(size_t pending) {
    Thread& thread = *machine().current;
    const size_t arrived = thread.batches - std::min(thread.batches, pending);
    std::erase_if(thread.copies, [arrived](const PendingCopy& copy) {
        if (copy.batch >= arrived) return false;
        const size_t read = copy.bytes - copy.zeros;
        auto* place = static_cast<unsigned char*>(copy.shared);
        if (read > 0) {
            access(copy.global, read, false, __builtin_return_address(0));
            std::memcpy(place, copy.global, read);
        }
        access(copy.shared, copy.bytes, true, __builtin_return_address(0));
        std::memset(place + read, 0, copy.zeros);
        return true;
    });
}

}  // namespace simt
