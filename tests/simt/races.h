// SPDX-License-Identifier: Apache-2.0
// Finds data races on the emulated GPU: two accesses of one byte, a write among them, that nothing orders.
// Not by chance, as another order of threads shows them, but by what CUDA promises:
//  - a barrier orders the threads of its block, __syncwarp the lanes of its mask; a shuffle orders nothing;
//  - blocks of a launch are ordered by nothing but an atomic with __threadfence before it in the block that
//    wrote, and behind it in the one that reads;
//  - launches and copies are ordered, but for those of two chains between a fork and its join.
// What is released or acquired reaches other threads of the block by a barrier only, not by __syncwarp. One
// order of threads tells but for atomics, whose own order is one of several.
//
// Accesses are told by what the compiler's -fsanitize=thread calls (instrumentation.cpp): code that is
// compiled without it is not watched. Threads that only read, and atomics among themselves, do not race.
// One thread of the host alone may use a GPU whose code is watched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace simt {

// A place in the order of enqueued work: what has the same fork and other chains is not ordered.
struct WorkPlace {
    int64_t fork = 0;
    int chain = -1;  // -1: outside of chains
};

class Races {
  public:
    enum class Kind : uint8_t { read, write, atomic };

    // A kernel's launch, a copy or a library's call begins.
    void begin_work(WorkPlace place);
    // Recorded work runs again: nothing of the run before is beside it.
    void begin_replay();
    void begin_block(uint32_t block);
    // What was there before has nothing to do with what is there now: memory that was handed out or given
    // back.
    void forget(const void* begin, size_t bytes);

    // Whether nothing is beside what runs but its own threads.
    [[nodiscard]] bool in_order() const { return place_.chain < 0; }

    void barrier();
    void sync_lanes(unsigned first_thread, uint32_t mask);
    void fence(unsigned thread);

    // What races with this access of a thread of the block that runs; empty: nothing. An atomic also takes
    // over what others have released there, and releases.
    [[nodiscard]] std::string access(const void* begin, size_t bytes, Kind kind, unsigned thread);
    // The same of a copy or a library's call, as one thread.
    [[nodiscard]] std::string access(const void* begin, size_t bytes, Kind kind) {
        return access(begin, bytes, kind, 0);
    }

  private:
    static constexpr uint32_t many = 0xFFFFFFFF;
    static constexpr unsigned warp = 32, most_threads = 1024;

    // The last write of a byte, and its reads since that are not ordered before another; time 0: none. An
    // atomic stands for those before it that it is not ordered after.
    struct Write {
        uint64_t time = 0;
        uint32_t block = 0;   // or many
        uint16_t thread = 0;  // or many_threads
        int8_t chain = 0;     // or many_chains
        bool atomic = false;
    };
    struct Reads {
        uint64_t time = 0;   // of the last
        uint32_t block = 0;  // or many
        uint32_t lanes = 0;  // of that warp
        uint16_t warp = 0;   // or many_warps
        int8_t chain = 0;    // or many_chains
    };
    static constexpr uint16_t many_warps = 0xFFFF, many_threads = 0xFFFF;
    static constexpr int8_t many_chains = -2;
    struct Byte {
        Write write;
        Reads reads;
    };
    static constexpr size_t page_bytes = 4096;
    using Page = std::array<Byte, page_bytes>;

    // What a block released by an atomic, and what of it this block's thread may see.
    struct Release {
        uint32_t block = 0;
        uint16_t thread = 0;
        uint64_t fence = 0, barrier = 0;  // the thread's last fence, the block's last barrier before it
    };
    struct Acquired {
        Release release;
        unsigned thread = 0;
        uint64_t fence = 0;  // the thread's first behind the atomic; 0: none yet
    };
    struct Fence {
        uint64_t time = 0, barrier = 0;  // the block's last before it
    };

    Page& page(uintptr_t number);
    // Of an access since the last fork.
    [[nodiscard]] bool ordered(const Write& write, unsigned thread) const;
    [[nodiscard]] bool ordered(const Reads& reads, unsigned thread) const;
    [[nodiscard]] bool released(uint32_t block, int thread, uint64_t time, unsigned to) const;
    void add_read(Reads& reads, unsigned thread) const;
    void synchronise_at(uintptr_t address, unsigned thread);
    [[nodiscard]] std::string text_of(const Write& write) const;
    [[nodiscard]] std::string text_of(const Reads& reads) const;

    std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
    struct Found {
        uintptr_t number = ~uintptr_t{0};
        Page* page = nullptr;
    };
    std::array<Found, 1024> found_;  // pages found last, by the low bits of their numbers

    // Counts what orders: an access has the time of the next such event, so that it came before those of its
    // time and later.
    uint64_t now_ = 1;
    WorkPlace place_;
    uint64_t fork_began_ = 0, work_began_ = 0, last_barrier_ = 0;
    uint32_t block_ = 0;
    std::array<Fence, most_threads> fences_{};  // each thread's last
    // Up to when a lane knows of another: they met in a __syncwarp then, or it met who knew.
    std::vector<uint64_t> meetings_ = std::vector<uint64_t>(size_t{most_threads} * warp);
    std::unordered_map<uintptr_t, std::vector<Release>> releases_;  // of the launch, by the atomic's address
    std::vector<Acquired> acquired_;                                // of the block
};

}  // namespace simt
