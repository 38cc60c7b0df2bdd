// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/machine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <random>

#include "tests/simt/fiber.h"

namespace simt {
namespace {

constexpr unsigned most_threads = 1024, warp = 32;
constexpr size_t most_shared = size_t{48} << 10;  // static and dynamic; UNMASK_LAUNCH asks for no more
constexpr size_t guard_bytes = 64, shared_alignment = 128;
constexpr unsigned char poison = 0xFF, guard = 0xA5;  // all ones are a NaN in every floating type

std::string text_of(const Site& site) {
    return std::string(site.file) + ":" + std::to_string(site.line);
}
std::string text_of(const uint3& index) {
    return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) +
           ")";
}

enum class State : uint8_t { ready, at_barrier, at_collective, done };

struct Wait {
    Site site;
    Collective kind{};
    unsigned mask = 0;
    uint64_t value = 0;
    int lane = 0, width = 0;
    uint64_t result = 0;
};

struct Thread {
    Fiber fiber;
    uint3 index;
    State state = State::ready;
    Wait wait;
};

[[noreturn]] void fault(const std::string& text);

// Shared memory of a block: an array for each mark, with guards around it.
class SharedMemory {
  public:
    void begin_block(size_t dynamic_bytes) {
        arrays_.clear();
        used_ = dynamic_bytes;
        dynamic_ = make(dynamic_bytes);
    }
    void* array(const Site& site, const void* mark, size_t bytes) {
        for (Array& array : arrays_)
            if (array.mark == mark) return array.block.data();
        used_ += bytes;
        if (used_ > most_shared)
            fault("more than " + std::to_string(most_shared) + " bytes of shared memory");
        arrays_.push_back({site, mark, make(bytes)});
        return arrays_.back().block.data();
    }
    void* dynamic() { return dynamic_.data(); }
    void check() const {
        for (const Array& array : arrays_)
            if (!array.block.intact()) fault("a write beyond the shared array of " + text_of(array.site));
        if (!dynamic_.intact()) fault("a write beyond the dynamic shared memory");
    }

  private:
    struct Block {
        std::vector<unsigned char> bytes;
        size_t begin = 0, size = 0;
        [[nodiscard]] unsigned char* data() { return bytes.data() + begin; }
        [[nodiscard]] void* data() const { return const_cast<unsigned char*>(bytes.data() + begin); }
        [[nodiscard]] bool intact() const {
            const auto whole = [](unsigned char byte) { return byte == guard; };
            const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
            return std::all_of(bytes.begin(), first, whole) &&
                   std::all_of(first + static_cast<std::ptrdiff_t>(size), bytes.end(), whole);
        }
    };
    static Block make(size_t size) {
        Block block;
        block.bytes.assign(size + 2 * guard_bytes + shared_alignment, guard);
        const auto address = reinterpret_cast<uintptr_t>(block.bytes.data()) + guard_bytes;
        block.begin = guard_bytes + (shared_alignment - address % shared_alignment) % shared_alignment;
        block.size = size;
        std::memset(block.data(), poison, size);
        return block;
    }
    struct Array {
        Site site;
        const void* mark;
        Block block;
    };
    std::vector<Array> arrays_;
    Block dynamic_;
    size_t used_ = 0;
};

struct Machine {
    Order order = Order::forward;
    Recorder recorder;
    int64_t launch_count = 0;
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
    std::exception_ptr fault;
    std::function<void()> thread_body;
};

Machine the_machine;

Machine& machine() {
    return the_machine;
}

[[noreturn]] void fault(const std::string& text) {
    const Machine& m = machine();
    throw Fault(std::string(m.kernel) + ", block " + text_of(m.block_index) +
                (m.current != nullptr ? ", thread " + text_of(m.current->index) : "") + ": " + text);
}

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

void wait_here(State state) {
    Thread& thread = *machine().current;
    thread.state = state;
    thread.fiber.pause();
}

// Lets the whole block pass when all of it waits at one barrier.
bool release_barrier() {
    Machine& m = machine();
    if (m.at_barrier == 0) return false;
    const Thread* first = nullptr;
    for (unsigned i = 0; i < m.thread_count; ++i) {
        const Thread& thread = *m.threads[i];
        if (thread.state != State::at_barrier) continue;
        if (first == nullptr) first = &thread;
        if (!(thread.wait.site == first->wait.site))
            fault("threads " + text_of(first->index) + " and " + text_of(thread.index) +
                  " of one block wait at different barriers, " + text_of(first->wait.site) + " and " +
                  text_of(thread.wait.site));
    }
    for (unsigned i = 0; m.done > 0 && i < m.thread_count; ++i)
        if (m.threads[i]->state == State::done)
            fault("thread " + text_of(m.threads[i]->index) + " has ended while others wait at the barrier " +
                  text_of(first->wait.site));
    if (m.at_barrier < m.thread_count) return false;
    for (unsigned i = 0; i < m.thread_count; ++i) m.threads[i]->state = State::ready;
    m.at_barrier = 0;
    return true;
}

int source_lane(const Wait& wait, int lane) {
    const int base = lane / wait.width * wait.width, place = lane - base;
    switch (wait.kind) {
        case Collective::shuffle:
            return base + (wait.lane & (wait.width - 1));
        case Collective::shuffle_up:
            return place - wait.lane < 0 ? lane : lane - wait.lane;
        case Collective::shuffle_down:
            return place + wait.lane >= wait.width ? lane : lane + wait.lane;
        case Collective::shuffle_xor:  // earlier groups may be read, later ones not
            return (lane ^ wait.lane) >= base + wait.width ? lane : lane ^ wait.lane;
        default:
            return lane;
    }
}

// Finishes a collective of one warp when every thread of its mask is there.
bool release_collective(unsigned first_thread) {
    if (machine().in_collective[first_thread / warp] == 0) return false;
    Machine& m = machine();
    const unsigned lanes = std::min(warp, m.thread_count - first_thread);
    const auto thread_at = [&](unsigned lane) -> Thread& { return *m.threads[first_thread + lane]; };
    for (unsigned leader = 0; leader < lanes; ++leader) {
        if (thread_at(leader).state != State::at_collective) continue;
        const Wait& wait = thread_at(leader).wait;
        bool complete = true;
        for (unsigned lane = 0; lane < lanes; ++lane) {
            if ((wait.mask >> lane & 1u) == 0) continue;
            const Thread& other = thread_at(lane);
            if (other.state == State::done)
                fault("lane " + std::to_string(lane) + " has ended but is in the mask of " +
                      text_of(wait.site));
            if (other.state != State::at_collective) {
                complete = false;
                continue;
            }
            if (!(other.wait.site == wait.site) || other.wait.kind != wait.kind ||
                other.wait.mask != wait.mask)
                fault("lanes " + std::to_string(leader) + " and " + std::to_string(lane) +
                      " of one warp wait at different collectives, " + text_of(wait.site) + " and " +
                      text_of(other.wait.site));
        }
        if (!complete) continue;
        uint64_t votes = 0;
        for (unsigned lane = 0; lane < lanes; ++lane)
            if ((wait.mask >> lane & 1u) != 0 && thread_at(lane).wait.value != 0)
                votes |= uint64_t{1} << lane;
        const unsigned mask = wait.mask;
        for (unsigned lane = 0; lane < lanes; ++lane) {
            if ((mask >> lane & 1u) == 0) continue;
            Wait& own = thread_at(lane).wait;
            const auto from = static_cast<unsigned>(source_lane(own, static_cast<int>(lane)));
            if (own.kind == Collective::ballot) {
                own.result = votes;
            } else if (own.kind != Collective::barrier) {
                if ((mask >> from & 1u) == 0 || from >= lanes)
                    fault("lane " + std::to_string(lane) + " reads lane " + std::to_string(from) +
                          ", which takes no part in " + text_of(own.site));
                own.result = thread_at(from).wait.value;
            }
        }
        for (unsigned lane = 0; lane < lanes; ++lane)
            if ((mask >> lane & 1u) != 0) {
                thread_at(lane).state = State::ready;
                --m.in_collective[first_thread / warp];
            }
        return true;
    }
    return false;
}

void run_block() {
    Machine& m = machine();
    for (unsigned i = 0; i < m.thread_count; ++i) {
        Thread& thread = *m.threads[i];
        thread.state = State::ready;
        thread.index = {i % m.block.x, i / m.block.x % m.block.y, i / (m.block.x * m.block.y)};
        thread.fiber.start(&m.thread_body);
    }
    m.done = m.at_barrier = 0;
    m.in_collective.fill(0);
    fill_turns(m.order_of_threads, m.thread_count);
    while (true) {
        bool moved = false;
        for (const unsigned i : m.order_of_threads)
            if (m.threads[i]->state == State::ready) {
                run_thread(*m.threads[i]);
                moved = true;
            }
        for (unsigned first = 0; first < m.thread_count; first += warp)
            while (release_collective(first)) moved = true;
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
    std::vector<unsigned> order_of_blocks;
    fill_turns(order_of_blocks, static_cast<unsigned>(blocks));
    for (const unsigned i : order_of_blocks) {
        m.block_index = {i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y)};
        m.shared.begin_block(shared_bytes);
        run_block();
    }
}

}  // namespace

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

void sync_threads(Site site) {
    machine().current->wait.site = site;
    ++machine().at_barrier;
    wait_here(State::at_barrier);
}

uint64_t exchange(Site site, Collective kind, unsigned mask, uint64_t value, int lane, int width) {
    Machine& m = machine();
    Thread& self = *m.current;
    const unsigned linear = self.index.x + m.block.x * (self.index.y + m.block.y * self.index.z);
    if ((mask >> (linear % warp) & 1u) == 0)
        fault("the calling lane is not in its own mask at " + text_of(site));
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        fault("expected a width that is a power of two up to 32, found " + std::to_string(width));
    self.wait = {site, kind, mask, value, lane, width, 0};
    ++m.in_collective[linear / warp];
    wait_here(State::at_collective);
    return self.wait.result;
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
    if (machine().recorder)
        machine().recorder(std::move(work));
    else
        work();
}

void launch(const char* kernel, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> body) {
    enqueue([=, body = std::move(body)] { run(kernel, grid, block, shared_bytes, body); });
}

int64_t launches() {
    return machine().launch_count;
}

}  // namespace simt
