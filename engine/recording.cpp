// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.h"

#include <algorithm>
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
        if (!block.used) block.first = call;
        block.last = call;
        block.used = true;
        block.held += added;
    }
}

void Recording::fork(int chains) {
    UNMASK_ASSERT(chains_ == 0 && chains > 0);
    chains_ = chains;
    chain_begins_.clear();
}

void Recording::use_chain(int chain) {
    UNMASK_ASSERT(chain >= 0 && chain < chains_);
    const auto index = static_cast<size_t>(chain);
    if (index + 1 == chain_begins_.size()) return;  // goes on
    UNMASK_ASSERT(index == chain_begins_.size());
    chain_begins_.push_back(calls_.size());
}

void Recording::join() {
    const int lanes = lane_runner.count == nullptr ? 1 : lane_runner.count();
    const auto chains = static_cast<int>(chain_begins_.size());
    const int each = chains / lanes;  // of a lane
    chains_ = 0;
    chain_begins_.push_back(calls_.size());
    if (lanes == 1 || each == 0) return;
    Section section;
    for (int lane = 0; lane <= lanes; ++lane)
        section.begins.push_back(chain_begins_[static_cast<size_t>(lane * each)]);
    sections_.push_back(std::move(section));
}

size_t Recording::Section::lane_of(size_t call) const {
    return static_cast<size_t>(std::ranges::upper_bound(begins, call) - begins.begin()) - 1;
}

// What one lane alone uses lies in an arena of its own, where its calls follow each other. Everything else
// that a section uses is in use throughout it, since its lanes run at any time of it.
Recording::Place Recording::place_of(const Block& block, bool outlives) const {
    Place result{.first = block.first, .last = outlives ? calls_.size() : block.last};
    if (!block.used) return result;
    for (const Section& section : sections_) {
        const bool starts = section.holds(result.first), ends = section.holds(result.last);
        if (starts && ends && section.lane_of(result.first) == section.lane_of(result.last)) {
            result.arena = 1 + section.lane_of(result.first);
            return result;
        }
        if (starts) result.first = section.begins.front();
        if (ends) result.last = section.begins.back() - 1;
    }
    return result;
}

void Recording::place() {
    std::vector<std::vector<ArenaBlock>> wanted(1);
    std::vector<std::vector<size_t>> members(1);  // of each arena, by index into blocks_
    for (size_t i = 0; i < blocks_.size(); ++i) {
        const Block& block = blocks_[i];
        const bool outlives = block.buffer.use_count() > block.held;
        if (!block.used && !outlives) continue;
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
