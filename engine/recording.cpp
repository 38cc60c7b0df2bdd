// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "engine/arena.h"
#include "engine/error.h"
#include "engine/kernel_observer.h"
#include "engine/lanes.h"
#include "engine/tensor.h"

namespace unmask {
namespace {

thread_local Recording* recording = nullptr;

// Memory of the context, given back when nothing refers to it any more.
std::shared_ptr<std::byte> taken(const std::shared_ptr<Context>& context, size_t bytes) {
    return {static_cast<std::byte*>(context->allocate(bytes)),
            [context, bytes](std::byte* memory) { context->release(memory, bytes); }};
}

}  // namespace

Recording* Recording::current() {
    return recording;
}

Recording::Pause::Pause() : before_(recording) {
    recording = nullptr;
}
Recording::Pause::~Pause() {
    recording = before_;
}

Recording::Recording(const std::function<void()>& work) {
    if (recording != nullptr) fail("recording: expected no other one on this thread, found one");
    struct Scope {
        explicit Scope(Recording* current) { recording = current; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { recording = nullptr; }
    };
    {
        const Scope scope(this);
        work();
    }
    place();
}

Recording::~Recording() = default;

std::shared_ptr<Buffer> Recording::buffer(std::shared_ptr<Context> context, size_t bytes) {
    auto result = std::make_shared<Buffer>(std::move(context), bytes, Buffer::unplaced);
    blocks_.push_back({.buffer = result});
    return result;
}

std::vector<long> Recording::use_counts() const {
    std::vector<long> counts;
    counts.reserve(blocks_.size());
    for (const Block& block : blocks_) counts.push_back(block.buffer.use_count());
    return counts;
}

void Recording::note_uses(const std::vector<long>& before) {
    const size_t call = calls_.size() - 1;
    for (size_t i = 0; i < blocks_.size(); ++i) {
        Block& block = blocks_[i];
        const long added = block.buffer.use_count() - before[i];
        if (added == 0) continue;
        block.uses.push_back(call);
        block.held += added;
    }
}

void Recording::fork() {
    UNMASK_ASSERT(!chain_);
    chain_ = 0;
}

void Recording::use_chain(int chain) {
    UNMASK_ASSERT(chain_);
    chain_ = chain;
}

void Recording::join() {
    UNMASK_ASSERT(chain_);
    chain_.reset();
    const size_t begin = calls_.size() - call_chains_.size();
    order_by_chain(begin);
    std::vector<size_t> begins;  // of the chains
    for (size_t i = 0; i < call_chains_.size(); ++i)
        if (i == 0 || call_chains_[i] != call_chains_[i - 1]) begins.push_back(begin + i);
    const auto lanes = static_cast<size_t>(lane_count());
    const size_t each = begins.size() / lanes;  // chains of a lane
    begins.push_back(calls_.size());
    call_chains_.clear();
    if (lanes == 1 || each == 0) return;
    Section section;
    for (size_t lane = 0; lane <= lanes; ++lane) section.begins.push_back(begins[lane * each]);
    sections_.push_back(std::move(section));
}

// Brings the calls from `begin` on, those of the open section, into the order of their chains. Chains do not
// depend on each other.
void Recording::order_by_chain(size_t begin) {
    std::vector<size_t> order(call_chains_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {}, [this](size_t call) { return call_chains_[call]; });
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<size_t> moved(order.size());
    for (size_t place = 0; place < order.size(); ++place) {
        calls.push_back(std::move(calls_[begin + order[place]]));
        moved[order[place]] = begin + place;
    }
    std::ranges::move(calls, calls_.begin() + static_cast<std::ptrdiff_t>(begin));
    std::ranges::sort(call_chains_);
    for (Block& block : blocks_)
        for (size_t& use : block.uses)
            if (use >= begin) use = moved[use - begin];
}

size_t Recording::Section::lane_of(size_t call) const {
    return static_cast<size_t>(std::ranges::upper_bound(begins, call) - begins.begin()) - 1;
}

// What is used in one lane alone, and outside of sections, lies in an arena of that lane, since all these
// calls follow each other. What several lanes use is in use throughout a section, since these run at any time
// of it.
Recording::Place Recording::place_of(const Block& block, bool outlives) const {
    if (block.uses.empty()) return {.arena = 0, .first = calls_.size(), .last = calls_.size()};
    const auto [first, last] = std::ranges::minmax(block.uses);
    Place result{.arena = 0, .first = first, .last = outlives ? calls_.size() : last};
    std::set<size_t> lanes;
    for (const Section& section : sections_)
        for (const size_t use : block.uses) {
            if (!section.holds(use)) continue;
            lanes.insert(section.lane_of(use));
            result.first = std::min(result.first, section.begins.front());
            result.last = std::max(result.last, section.begins.back() - 1);
        }
    if (lanes.size() == 1)
        return {.arena = 1 + *lanes.begin(), .first = first, .last = outlives ? calls_.size() : last};
    return result;
}

void Recording::place() {
    std::vector<std::vector<ArenaBlock>> wanted(1);
    std::vector<std::vector<size_t>> members(1);  // of each arena, by index into blocks_
    for (size_t i = 0; i < blocks_.size(); ++i) {
        const Block& block = blocks_[i];
        const bool outlives = block.buffer.use_count() > block.held;
        if (block.uses.empty() && !outlives) continue;
        const Place place = place_of(block, outlives);
        const size_t arenas = std::max(wanted.size(), place.arena + 1);
        wanted.resize(arenas);
        members.resize(arenas);
        wanted[place.arena].push_back(
            {.bytes = block.buffer->bytes(), .first = place.first, .last = place.last});
        members[place.arena].push_back(i);
    }
    for (size_t arena = 0; arena < wanted.size(); ++arena) {
        const ArenaPlan plan = plan_arena(wanted[arena]);
        arena_bytes_ += plan.bytes;
        floor_bytes_ += arena_floor(wanted[arena]);
        if (members[arena].empty()) continue;
        const std::shared_ptr<std::byte> memory = taken(blocks_.front().buffer->context(), plan.bytes);
        for (size_t i = 0; i < members[arena].size(); ++i)
            blocks_[members[arena][i]].buffer->place(memory.get() + plan.offsets[i], memory);
    }
    blocks_.clear();  // the calls hold the buffers, and these the arenas
}

void Recording::run_calls(size_t begin, size_t end) const {
    for (size_t i = begin; i < end; ++i) calls_[i]->run();
}

void Recording::run() {
    UNMASK_ASSERT(recording == nullptr);
    size_t next = 0;
    for (const Section& section : sections_) {
        if (KernelObserver::current() != nullptr) break;  // it sees this thread's calls, one after the other
        run_calls(next, section.begins.front());
        next = section.begins.back();
        struct Work {
            const Recording& recording;
            const Section& section;
        } work{*this, section};
        lane_runner.run(
            section.lanes(),
            [](void* context, int lane) {
                const auto& [recorded, part] = *static_cast<Work*>(context);
                const auto index = static_cast<size_t>(lane);
                recorded.run_calls(part.begins[index], part.begins[index + 1]);
            },
            &work);
    }
    run_calls(next, calls_.size());
}

}  // namespace unmask
