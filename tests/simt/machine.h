// SPDX-License-Identifier: Apache-2.0
// The emulated GPU: runs a grid's blocks one after another and a block's threads as fibers. A thread runs
// until it waits for others (a barrier, a warp collective) or ends. What a GPU would leave undefined is a
// Fault: threads of a block that wait at different barriers or have left while others wait, a shuffle that
// reads a lane outside its mask, a write beyond shared memory, a misaligned vector access, too many threads
// or too much shared memory, and in code compiled with -fsanitize=thread a data race (races.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

struct uint3 {
    unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1)
        : x(width), y(height), z(depth) {}
};

namespace simt {

// What went wrong, with the kernel, the block and the thread.
class Fault : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A place in a kernel's source.
struct Site {
    const char* file = "";
    int line = 0;
    bool operator==(const Site& other) const {
        return line == other.line && (file == other.file || std::strcmp(file, other.file) == 0);
    }
};

// The order in which blocks, and threads within a block, get their turn. A kernel whose result depends on it
// has a race.
enum class Order : uint8_t { forward, reversed, shuffled };
void set_order(Order order);

enum class Collective : uint8_t { barrier, ballot, shuffle, shuffle_up, shuffle_down, shuffle_xor };

// For kernels, through the names of simt.h.
[[nodiscard]] const uint3& thread_index();
[[nodiscard]] const uint3& block_index();
[[nodiscard]] const dim3& block_size();
[[nodiscard]] const dim3& grid_size();
void sync_threads(Site site);
[[nodiscard]] uint64_t exchange(Site site, Collective kind, unsigned mask, uint64_t value, int lane,
                                int width);
// The block's array of that mark, filled with NaN when the block begins; the place is for messages.
[[nodiscard]] void* shared_array(Site site, const void* mark, size_t bytes);
[[nodiscard]] void* dynamic_shared();
// Fault unless the address is a multiple of the size.
void check_aligned(const void* address, size_t bytes);
void fence();
// Copies to shared memory: see pipeline.h.
void copy_async(void* shared, const void* global, size_t bytes, size_t zeros);
void commit_copies();
void wait_for_copies(size_t pending);
// What is read and written while it lives is one atomic operation.
class AtomicScope {
  public:
    AtomicScope();
    AtomicScope(const AtomicScope&) = delete;
    AtomicScope& operator=(const AtomicScope&) = delete;
    ~AtomicScope();
};

// Runs the kernel now, or hands it to the recorder.
void launch(const char* kernel, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> body);
// Takes work instead of running it while it is set (a captured graph); null to run again.
using Recorder = std::function<void(std::function<void()> work)>;
void set_recorder(Recorder recorder);
// Runs the work now, or hands it to the recorder: for copies and library calls, which keep their place among
// the kernels.
void enqueue(std::function<void()> work);
// What is enqueued from here on belongs to that chain of the last fork; -1: to none, and waits for all.
void fork();
void use_chain(int chain);
[[nodiscard]] int64_t forks();  // since the program started
// Recorded work begins to run again.
void begin_replay();
// For enqueued work that is no kernel: the memory that it reads or writes. Fault where that races with
// another chain's.
void reads(const void* memory, size_t bytes);
void writes(const void* memory, size_t bytes);
// The memory was handed out or given back: what was done to it before is no race with what is done now.
void forget_accesses(const void* memory, size_t bytes);

// Kernels run since the program started.
[[nodiscard]] int64_t launches();
// Those kernels, as their launches name them, with the orders that they ran in.
[[nodiscard]] const std::map<std::string, std::set<Order>>& kernels_run();
// The emulated GPU's clock: about a millisecond (2^-10 s, exactly) for every kernel, or what `clock` tells
// (null: again the kernels).
using Clock = std::function<double()>;
void set_clock(Clock clock);
[[nodiscard]] double seconds();

// The call with its arguments converted and copied, as a launch does.
template <class... Parameters, class... Arguments>
std::function<void()> bind(void (*kernel)(Parameters...), Arguments&&... arguments) {
    static_assert((sizeof(Parameters) + ... + 0) <= 4096, "a kernel's parameters have 4 KiB");
    std::tuple<std::decay_t<Parameters>...> copies(std::forward<Arguments>(arguments)...);
    return [kernel, copies]() mutable { std::apply(kernel, copies); };
}

}  // namespace simt
