// SPDX-License-Identifier: Apache-2.0
// Where threads wait for each other: barriers of a block and collectives of a warp.
#include <algorithm>

#include "tests/simt/machine_state.h"

namespace simt {
namespace {

void wait_here(State state) {
    Thread& thread = *machine().current;
    thread.state = state;
    thread.fiber.pause();
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

}  // namespace

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
    if (Races* watch = races()) watch->barrier();
    return true;
}

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
        if (Races* watch = races(); watch != nullptr && wait.kind == Collective::barrier)
            watch->sync_lanes(first_thread, mask);
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

void sync_threads(Site site) {
    machine().current->wait.site = site;
    ++machine().at_barrier;
    wait_here(State::at_barrier);
}

uint64_t exchange(Site site, Collective kind, unsigned mask, uint64_t value, int lane, int width) {
    Machine& m = machine();
    Thread& self = *m.current;
    if ((mask >> (self.number % warp) & 1u) == 0)
        fault("the calling lane is not in its own mask at " + text_of(site));
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        fault("expected a width that is a power of two up to 32, found " + std::to_string(width));
    self.wait = {site, kind, mask, value, lane, width, 0};
    ++m.in_collective[self.number / warp];
    wait_here(State::at_collective);
    return self.wait.result;
}

}  // namespace simt
