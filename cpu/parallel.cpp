// SPDX-License-Identifier: Apache-2.0
#include "cpu/parallel.h"

#include <atomic>
#include <exception>
#include <mutex>

#include "engine/error.h"
#include "engine/lanes.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace unmask {
namespace {

#ifdef _OPENMP
std::atomic<int> threads{omp_get_max_threads()};
thread_local int limit = 0;         // of ThreadLimit
thread_local bool in_lane = false;  // of run_lanes
#endif

}  // namespace

#ifdef _OPENMP

int thread_count() {
    const int all = threads.load(std::memory_order_relaxed);
    return limit > 0 ? std::min(limit, all) : all;
}

void set_thread_count(int count) {
    if (count < 1) fail("threads: expected at least 1, found {}", count);
    threads.store(count, std::memory_order_relaxed);
    omp_set_num_threads(count);
}

ThreadLimit::ThreadLimit(int threads) : before_(limit), libraries_before_(omp_get_max_threads()) {
    if (threads < 0) fail("threads: expected at least 0, found {}", threads);
    limit = threads;
    // oneDNN asks OpenMP, whose number belongs to the calling thread.
    omp_set_num_threads(thread_count());
}

ThreadLimit::~ThreadLimit() {
    limit = before_;
    omp_set_num_threads(libraries_before_);
}

int thread_index() {
    return in_lane ? 0 : omp_get_thread_num();
}

void detail::run_chunks(int64_t chunks, void (*run)(void*, int64_t), void* body) {
    const int wanted = static_cast<int>(std::min<int64_t>(thread_count(), chunks));
    if (wanted <= 1 || omp_in_parallel() != 0) {
        for (int64_t chunk = 0; chunk < chunks; ++chunk) run(body, chunk);
        return;
    }
    std::exception_ptr failure;
    std::mutex failing;
#pragma omp parallel for schedule(static) num_threads(wanted)
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        try {
            run(body, chunk);
        } catch (...) {
            const std::lock_guard lock(failing);
            if (!failure) failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
}

namespace {

void run_lanes(int lanes, void (*body)(void* context, int lane), void* context) {
    parallel_for(lanes, 1, [&](int64_t lane, int64_t) {
        struct Scope {
            Scope() { in_lane = true; }
            Scope(const Scope&) = delete;
            Scope& operator=(const Scope&) = delete;
            ~Scope() { in_lane = false; }
            ThreadLimit one{1};
        };
        const Scope scope;
        body(context, static_cast<int>(lane));
    });
}

[[maybe_unused]] const bool lanes_filled = (lane_runner = {&thread_count, &run_lanes}, true);

}  // namespace

#else

int thread_count() {
    return 1;
}

void set_thread_count(int count) {
    if (count < 1) fail("threads: expected at least 1, found {}", count);
}

ThreadLimit::ThreadLimit(int threads) : before_(0), libraries_before_(0) {
    if (threads < 0) fail("threads: expected at least 0, found {}", threads);
}

ThreadLimit::~ThreadLimit() = default;

int thread_index() {
    return 0;
}

void detail::run_chunks(int64_t chunks, void (*run)(void*, int64_t), void* body) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) run(body, chunk);
}

#endif

}  // namespace unmask
