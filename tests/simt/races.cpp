// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/races.h"

#include <algorithm>
#include <bit>

namespace simt {

Races::Page& Races::page(uintptr_t number) {
    Found& found = found_[number % found_.size()];
    if (found.number != number) {
        std::unique_ptr<Page>& page = pages_[number];
        if (page == nullptr) page = std::make_unique<Page>();
        found = {number, page.get()};
    }
    return *found.page;
}

void Races::begin_work(WorkPlace place) {
    if (place.chain < 0 || place_.chain < 0 || place.fork != place_.fork) fork_began_ = now_++;
    place_ = place;
    work_began_ = now_++;
    releases_.clear();
    begin_block(0);
}

void Races::begin_replay() {
    place_ = {};
}

void Races::begin_block(uint32_t block) {
    block_ = block;
    last_barrier_ = now_++;
    fences_.fill({});
    acquired_.clear();
}

void Races::forget(const void* begin, size_t bytes) {
    const auto first = reinterpret_cast<uintptr_t>(begin);
    for (uintptr_t address = first; address < first + bytes;) {
        const uintptr_t end = std::min(first + bytes, (address / page_bytes + 1) * page_bytes);
        const auto found = pages_.find(address / page_bytes);
        if (found != pages_.end())
            std::fill_n(found->second->begin() + address % page_bytes, end - address, Byte{});
        address = end;
    }
}

void Races::barrier() {
    last_barrier_ = now_++;
}

void Races::sync_lanes(unsigned first_thread, uint32_t mask) {
    const uint64_t time = now_++;
    std::array<uint64_t, warp> known{};
    const auto row = [&](unsigned lane) { return meetings_.begin() + size_t{first_thread + lane} * warp; };
    for (unsigned lane = 0; lane < warp; ++lane)
        if ((mask >> lane & 1u) != 0)
            std::transform(known.begin(), known.end(), row(lane), known.begin(),
                           [](uint64_t a, uint64_t b) { return std::max(a, b); });
    for (unsigned lane = 0; lane < warp; ++lane)
        if ((mask >> lane & 1u) != 0) known[lane] = time;
    for (unsigned lane = 0; lane < warp; ++lane)
        if ((mask >> lane & 1u) != 0) std::copy(known.begin(), known.end(), row(lane));
}

void Races::fence(unsigned thread) {
    for (Acquired& acquired : acquired_)
        if (acquired.thread == thread && acquired.fence == 0) acquired.fence = now_;
    fences_[thread] = {now_++, last_barrier_};
}

// Whether another block's access came before a release that the thread has taken over; thread -1: one of
// many.
bool Races::released(uint32_t block, int thread, uint64_t time, unsigned to) const {
    return std::any_of(acquired_.begin(), acquired_.end(), [&](const Acquired& acquired) {
        const Release& release = acquired.release;
        if (release.block != block) return false;
        if (time > release.barrier && (thread != release.thread || time > release.fence)) return false;
        // Taken over by a fence behind the atomic; by others, at a barrier after that.
        return acquired.fence != 0 && (acquired.thread == to || last_barrier_ > acquired.fence);
    });
}

bool Races::ordered(const Write& write, unsigned thread) const {
    if (write.chain != place_.chain) return false;
    if (write.time <= work_began_) return true;
    if (write.block == many) return false;
    const int writer = write.thread == many_threads ? -1 : write.thread;
    if (write.block != block_) return released(write.block, writer, write.time, thread);
    if (writer < 0) return write.time <= last_barrier_;
    return write.thread == thread || write.time <= last_barrier_ ||
           (write.thread / warp == thread / warp &&
            write.time <= meetings_[size_t{thread} * warp + write.thread % warp]);
}

bool Races::ordered(const Reads& reads, unsigned thread) const {
    if (reads.chain != place_.chain) return false;
    if (reads.time <= work_began_) return true;
    if (reads.block == many) return false;
    if (reads.block != block_) {
        const bool one = reads.warp != many_warps && std::has_single_bit(reads.lanes);
        return released(reads.block,
                        one ? static_cast<int>(reads.warp * warp) + std::countr_zero(reads.lanes) : -1,
                        reads.time, thread);
    }
    if (reads.time <= last_barrier_) return true;
    if (reads.warp != thread / warp) return false;
    for (unsigned lane = 0; lane < warp; ++lane)
        if ((reads.lanes >> lane & 1u) != 0 && lane != thread % warp &&
            reads.time > meetings_[size_t{thread} * warp + lane])
            return false;
    return true;
}

void Races::add_read(Reads& reads, unsigned thread) const {
    const auto own_warp = static_cast<uint16_t>(thread / warp);
    const uint32_t own_lane = 1u << thread % warp;
    if (reads.time <= fork_began_ || ordered(reads, thread)) {
        reads = {now_, block_, own_lane, own_warp, static_cast<int8_t>(place_.chain)};
        return;
    }
    if (reads.chain != place_.chain) reads.chain = many_chains;
    if (reads.block != block_ || reads.time <= work_began_) reads.block = many;
    if (reads.warp != own_warp) reads.warp = many_warps;
    reads.lanes |= own_lane;
    reads.time = now_;
}

void Races::synchronise_at(uintptr_t address, unsigned thread) {
    std::vector<Release>& releases = releases_[address];
    for (const Release& release : releases)
        if (release.block != block_) acquired_.push_back({release, thread});
    const Fence& fence = fences_[thread];
    if (fence.time != 0)
        releases.push_back({block_, static_cast<uint16_t>(thread), fence.time, fence.barrier});
}

std::string Races::access(const void* begin, size_t bytes, Kind kind, unsigned thread) {
    const auto first = reinterpret_cast<uintptr_t>(begin);
    if (kind == Kind::atomic) synchronise_at(first, thread);
    std::string race;
    for (size_t i = 0; i < bytes; ++i) {
        Byte& byte = page((first + i) / page_bytes)[(first + i) % page_bytes];
        if (byte.write.time > fork_began_ && !(kind == Kind::atomic && byte.write.atomic) && race.empty() &&
            !ordered(byte.write, thread))
            race = text_of(byte.write);
        if (kind == Kind::read) {
            add_read(byte.reads, thread);
            continue;
        }
        if (byte.reads.time > fork_began_ && race.empty() && !ordered(byte.reads, thread))
            race = text_of(byte.reads);
        Write write{now_, block_, static_cast<uint16_t>(thread), static_cast<int8_t>(place_.chain),
                    kind == Kind::atomic};
        if (write.atomic && byte.write.atomic && byte.write.time > fork_began_ &&
            !ordered(byte.write, thread)) {
            if (byte.write.thread != write.thread) write.thread = many_threads;
            if (byte.write.block != write.block) write.block = many;
            if (byte.write.chain != write.chain) write.chain = many_chains;
        }
        byte.write = write;
        byte.reads.time = 0;
    }
    return race;
}

std::string Races::text_of(const Write& write) const {
    if (write.chain == many_chains) return "several chains have written";
    if (write.time <= work_began_) return "chain " + std::to_string(write.chain) + " has written";
    if (write.block == many) return "several blocks have written";
    if (write.thread == many_threads)
        return "several threads of block " + std::to_string(write.block) + " have written";
    return "thread " + std::to_string(write.thread) + " of block " + std::to_string(write.block) +
           " has written";
}

std::string Races::text_of(const Reads& reads) const {
    if (reads.time <= work_began_ || reads.chain != place_.chain)
        return (reads.chain == many_chains ? "several chains have"
                                           : "chain " + std::to_string(reads.chain) + " has") +
               std::string(" read");
    if (reads.block == many) return "several blocks have read";
    const std::string block = " of block " + std::to_string(reads.block);
    if (reads.warp == many_warps || !std::has_single_bit(reads.lanes))
        return "several threads" + block + " have read";
    return "thread " +
           std::to_string(reads.warp * warp + static_cast<unsigned>(std::countr_zero(reads.lanes))) + block +
           " has read";
}

}  // namespace simt
