// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/machine.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <span>

#include "tests/simt/machine_state.h"
#include "tests/simt/memory.h"

namespace simt {
namespace {

Machine the_machine;

// Fills `turns` with the numbers below count in the order that is set.
void fill_turns(std::vector<unsigned>& turns, unsigned count) {
    Machine& m = machine();
    turns.resize(count);
    std::iota(turns.begin(), turns.end(), 0u);
    if (m.order == Order::reversed) std::reverse(turns.begin(), turns.end());
    if (m.order == Order::shuffled) std::shuffle(turns.begin(), turns.end(), m.random);
}

void run_thread(Thread& thread) {
    Machine& m = machine();
    m.current = &thread;
    thread.fiber.resume();
    m.current = nullptr;
    if (thread.fiber.done()) {
        thread.state = State::done;
        ++m.done;
    }
    if (m.fault) std::rethrow_exception(std::exchange(m.fault, nullptr));
}

// Lets each of those threads run that can; false when none can.
bool run_ready(std::span<const unsigned> turns) {
    bool moved = false;
    for (const unsigned i : turns)
        if (machine().threads[i]->state == State::ready) {
            run_thread(*machine().threads[i]);
            moved = true;
        }
    return moved;
}

// One turn of every thread of the block, then the collectives of all warps: warps overtake each other.
bool run_all_warps() {
    Machine& m = machine();
    bool moved = run_ready(m.order_of_threads);
    for (unsigned first = 0; first < m.thread_count; first += warp)
        while (release_collective(first)) moved = true;
    return moved;
}

// Each warp as far as it comes without the others, from the first or the last one on: no other order differs
// more from what barriers have to ensure, and a warp's stacks stay in the processor's nearest cache.
bool run_warp_after_warp() {
    Machine& m = machine();
    const bool reversed = m.order == Order::reversed;
    const unsigned warps = (m.thread_count + warp - 1) / warp;
    bool moved = false;
    for (unsigned turn = 0; turn < warps; ++turn) {
        const unsigned first = (reversed ? warps - 1 - turn : turn) * warp;
        const unsigned lanes = std::min(warp, m.thread_count - first);
        const std::span turns =
            std::span(m.order_of_threads).subspan(reversed ? m.thread_count - first - lanes : first, lanes);
        bool released = false;
        do {
            if (run_ready(turns)) moved = true;
            for (released = false; release_collective(first);) released = true;
        } while (released);
    }
    return moved;
}

void run_block() {
    Machine& m = machine();
    for (unsigned i = 0; i < m.thread_count; ++i) {
        Thread& thread = *m.threads[i];
        thread.state = State::ready;
        thread.number = i;
        thread.copies.clear();
        thread.batches = 0;
        thread.index = {i % m.block.x, i / m.block.x % m.block.y, i / (m.block.x * m.block.y)};
        thread.fiber.start(&m.thread_body);
    }
    m.done = m.at_barrier = 0;
    m.in_collective.fill(0);
    fill_turns(m.order_of_threads, m.thread_count);
    while (true) {
        bool moved = m.order == Order::shuffled ? run_all_warps() : run_warp_after_warp();
        if (release_barrier()) moved = true;
        if (m.done == m.thread_count) break;
        if (!moved)
            fault("some threads of the block wait at a barrier, others at a warp collective, for ever");
    }
    m.shared.check();
}

void run(const char* kernel, dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& body) {
    Machine& m = machine();
    m.kernel = kernel;
    m.block_index = {};
    m.thread_count = block.x * block.y * block.z;
    if (m.thread_count == 0 || m.thread_count > most_threads || block.z > 64)
        fault("expected 1 to 1024 threads a block (at most 64 deep), found " +
              text_of(uint3{block.x, block.y, block.z}));
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7FFFFFFFu || grid.y > 65535 || grid.z > 65535)
        fault("expected a grid of 1 to (2^31 - 1, 65535, 65535) blocks, found " +
              text_of(uint3{grid.x, grid.y, grid.z}));
    const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
    if (blocks > 0x7FFFFFFFu) fault("more than 2^31 - 1 blocks are not emulated");
    if (shared_bytes > most_shared)
        fault("expected at most 48 KiB of dynamic shared memory, found " + std::to_string(shared_bytes));
    m.grid = grid;
    m.block = block;
    m.thread_body = [&body] {
        try {
            body();
        } catch (...) {
            machine().fault = std::current_exception();
        }
    };
    while (m.threads.size() < m.thread_count) m.threads.push_back(std::make_unique<Thread>());
    ++m.launch_count;
    m.kernels_run[kernel].insert(m.order);
    std::vector<unsigned> order_of_blocks;
    fill_turns(order_of_blocks, static_cast<unsigned>(blocks));
    for (const unsigned i : order_of_blocks) {
        m.block_index = {i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y)};
        if (Races* watch = races()) watch->begin_block(i);
        m.shared.begin_block(shared_bytes);
        run_block();
    }
}

}  // namespace

Machine& machine() {
    return the_machine;
}

std::string text_of(const Site& site) {
    return std::string(site.file) + ":" + std::to_string(site.line);
}
std::string text_of(const uint3& index) {
    return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) +
           ")";
}

Fault make_fault(const std::string& text) {
    const Machine& m = machine();
    return Fault(std::string(m.kernel) + ", block " + text_of(m.block_index) +
                 (m.current != nullptr ? ", thread " + text_of(m.current->index) : "") + ": " + text);
}
void fault(const std::string& text) {
    throw make_fault(text);
}

void set_order(Order order) {
    machine().order = order;
    machine().random.seed(7);
}

const uint3& thread_index() {
    return machine().current->index;
}
const uint3& block_index() {
    return machine().block_index;
}
const dim3& block_size() {
    return machine().block;
}
const dim3& grid_size() {
    return machine().grid;
}

void* shared_array(Site site, const void* mark, size_t bytes) {
    return machine().shared.array(site, mark, bytes);
}
void* dynamic_shared() {
    return machine().shared.dynamic();
}

void check_aligned(const void* address, size_t bytes) {
    if (reinterpret_cast<uintptr_t>(address) % bytes != 0)
        fault("a vector access of " + std::to_string(bytes) +
              " bytes at an address that is no multiple of it");
}

void set_recorder(Recorder recorder) {
    machine().recorder = std::move(recorder);
}

void enqueue(std::function<void()> work) {
    auto placed = [place = machine().place, work = std::move(work)] {
        const MemoryAccess access;
        if (Races* watch = races()) watch->begin_work(place);
        work();
    };
    if (machine().recorder)
        machine().recorder(std::move(placed));
    else
        placed();
}

void launch(const char* kernel, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> body) {
    enqueue([=, body = std::move(body)] { run(kernel, grid, block, shared_bytes, body); });
}

int64_t launches() {
    return machine().launch_count;
}
const std::map<std::string, std::set<Order>>& kernels_run() {
    return machine().kernels_run;
}

namespace {
Clock& other_clock() {
    static Clock clock;
    return clock;
}
}  // namespace

void set_clock(Clock clock) {
    other_clock() = std::move(clock);
}

double seconds() {
    return other_clock() ? other_clock()() : static_cast<double>(launches()) / 1024;
}

}  // namespace simt
