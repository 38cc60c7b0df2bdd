// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.h"

#include "engine/arena.h"
#include "engine/error.h"
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

void Recording::place() {
    std::vector<ArenaBlock> wanted;
    for (const Block& block : blocks_) {
        const bool outlives = block.buffer.use_count() > block.held;
        wanted.push_back({.bytes = block.used || outlives ? block.buffer->bytes() : 0,
                          .first = block.first,
                          .last = outlives ? calls_.size() : block.last});
    }
    const ArenaPlan plan = plan_arena(wanted);
    arena_bytes_ = plan.bytes;
    floor_bytes_ = arena_floor(wanted);
    if (blocks_.empty()) return;
    const std::shared_ptr<std::byte> arena = taken(blocks_.front().buffer->context(), plan.bytes);
    for (size_t i = 0; i < blocks_.size(); ++i)
        if (wanted[i].bytes > 0) blocks_[i].buffer->place(arena.get() + plan.offsets[i], arena);
    blocks_.clear();  // the calls hold the buffers, and these the arena
}

void Recording::run() {
    UNMASK_ASSERT(recording == nullptr);
    for (const std::unique_ptr<Call>& call : calls_) call->run();
}

}  // namespace unmask
