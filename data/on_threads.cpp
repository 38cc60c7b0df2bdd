// SPDX-License-Identifier: Apache-2.0
#include "data/on_threads.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "cpu/affinity.h"

namespace unmask {

int threads_or_cores(int threads) {
    return threads > 0 ? threads : int(usable_cpus().size());
}

void on_threads(int threads, size_t count, const std::function<PieceOfWork()>& make_work) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    int64_t failed = 0;  // the piece, or -1
    const auto fails = [&](int64_t piece) {
        const std::lock_guard lock(mutex);
        if (!failure || piece < failed) {
            failed = piece;
            failure = std::current_exception();
        }
        next = count;
    };
    const auto run = [&] {
        int64_t piece = -1;
        try {
            const PieceOfWork work = make_work();
            for (size_t i = next++; i < count; i = next++) {
                piece = int64_t(i);
                work(i);
            }
        } catch (...) {
            fails(piece);
        }
    };
    {
        std::vector<std::jthread> pool;
        for (size_t i = 0; i < std::min(size_t(std::max(threads, 1)), count); ++i) pool.emplace_back(run);
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace unmask
