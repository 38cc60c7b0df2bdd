// SPDX-License-Identifier: Apache-2.0
// Pieces of work of very different length, such as videos, on threads that take the next one when they are
// done.
#pragma once

#include <cstddef>
#include <functional>

namespace unmask {

// As many threads as were asked for, or for 0 one a core that this process may run on (cpu/affinity.h).
[[nodiscard]] int threads_or_cores(int threads);

using PieceOfWork = std::function<void(size_t)>;

// Does 0 … count - 1 on at most so many threads. Each thread makes its own work first, so that it can hold
// what threads cannot share. After a failure nothing is begun any more; of several the first in order is
// thrown, before them one of making the work.
void on_threads(int threads, size_t count, const std::function<PieceOfWork()>& make_work);

}  // namespace unmask
