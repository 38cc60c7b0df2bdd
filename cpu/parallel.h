// SPDX-License-Identifier: Apache-2.0
// Loops over several threads. The range is cut into chunks of a fixed size, whatever the number of threads,
// and a chunk is never cut again: what a chunk computes, and so every result, has the same bytes for any
// number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace unmask {

// How many threads kernels may use on the CPU; at first as many as OpenMP offers, 1 in a build without
// OpenMP.
[[nodiscard]] int thread_count();
// Process-wide, for oneDNN as well when called on the thread that runs the kernels. Error when below 1.
void set_thread_count(int count);

// While it lives, work of the calling thread uses at most so many threads; 0: as many as thread_count() says.
class ThreadLimit {
  public:
    // Error when below 0.
    explicit ThreadLimit(int threads);
    ThreadLimit(const ThreadLimit&) = delete;
    ThreadLimit& operator=(const ThreadLimit&) = delete;
    ~ThreadLimit();

  private:
    int before_, libraries_before_;
};

// Which of the threads runs the current chunk: below thread_count(), for scratch memory. Within a lane
// (engine/lanes.h) there is one thread, 0.
[[nodiscard]] int thread_index();

// Elements of a memory-bound loop that are worth a chunk of their own.
inline constexpr int64_t elementwise_grain = 16384;

namespace detail {
void run_chunks(int64_t chunks, void (*run)(void* body, int64_t chunk), void* body);
}

// body(begin, end) for the chunks [0, grain), [grain, 2·grain), … of [0, count). A body's exception is
// rethrown here. Inside another parallel_for it runs on the calling thread alone.
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
    if (count <= 0) return;
    grain = std::max<int64_t>(grain, 1);
    auto chunk_body = [&body, count, grain](int64_t chunk) {
        body(chunk * grain, std::min(count, (chunk + 1) * grain));
    };
    using ChunkBody = decltype(chunk_body);
    detail::run_chunks((count + grain - 1) / grain,
                       [](void* erased, int64_t chunk) { (*static_cast<ChunkBody*>(erased))(chunk); },
                       &chunk_body);
}

// The same for `count` rows of `row_elements` elements each, in chunks of about elementwise_grain elements.
template <class Body>
void parallel_rows(int64_t count, int64_t row_elements, Body&& body) {
    parallel_for(count, elementwise_grain / std::max<int64_t>(row_elements, 1), std::forward<Body>(body));
}

}  // namespace unmask
