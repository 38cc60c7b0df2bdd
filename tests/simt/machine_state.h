// SPDX-License-Identifier: Apache-2.0
// What the parts of the emulated GPU share: the block that runs, its threads and what they wait for. For
// tests/simt alone.
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <random>

#include "tests/simt/fiber.h"
#include "tests/simt/machine.h"
#include "tests/simt/races.h"
#include "tests/simt/shared_memory.h"

namespace simt {

constexpr unsigned most_threads = 1024, warp = 32;

enum class State : uint8_t { ready, at_barrier, at_collective, done };

struct Wait {
    Site site;
    Collective kind{};
    unsigned mask = 0;
    uint64_t value = 0;
    int lane = 0, width = 0;
    uint64_t result = 0;
};

// A copy to shared memory that has not arrived.
struct PendingCopy {
    void* shared;
    const void* global;
    size_t bytes, zeros, batch;
};

struct Thread {
    Fiber fiber;
    uint3 index;
    unsigned number = 0;  // in the block
    State state = State::ready;
    Wait wait;
    std::vector<PendingCopy> copies;
    size_t batches = 0;  // of copies, ended
};

struct Machine {
    Order order = Order::forward;
    Recorder recorder;
    int64_t launch_count = 0;
    std::map<std::string, std::set<Order>> kernels_run;
    std::mt19937 random{7};

    const char* kernel = "";
    dim3 grid, block;
    uint3 block_index;
    std::vector<std::unique_ptr<Thread>> threads;  // kept from launch to launch
    unsigned thread_count = 0;
    unsigned done = 0, at_barrier = 0;                          // threads of the block in these states
    std::array<unsigned, most_threads / warp> in_collective{};  // of each warp
    std::vector<unsigned> order_of_threads;                     // the turns of the block that runs
    Thread* current = nullptr;
    SharedMemory shared;
    WorkPlace place;  // of what is enqueued
    int64_t forks = 0;
    bool in_atomic = false;
    std::exception_ptr fault;
    std::function<void()> thread_body;
};

[[nodiscard]] Machine& machine();
// Null where no code of the program is watched.
[[nodiscard]] Races* races();
// With the kernel, the block and the thread.
[[nodiscard]] Fault make_fault(const std::string& text);
// Throws it.
[[noreturn]] void fault(const std::string& text);
[[nodiscard]] std::string text_of(const Site& site);
[[nodiscard]] std::string text_of(const uint3& index);

// Lets the whole block pass when all of it waits at one barrier.
[[nodiscard]] bool release_barrier();
// Finishes a collective of the warp of that first thread when every thread of its mask is there.
[[nodiscard]] bool release_collective(unsigned first_thread);

}  // namespace simt
