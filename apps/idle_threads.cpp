// SPDX-License-Identifier: Apache-2.0
#include "apps/idle_threads.h"

#include <unistd.h>

#include <cstdlib>

namespace unmask {

// Idle OpenMP threads shall soon sleep, not spin: spinning ones take the cores from the threads that load
// pictures and from other programs, which makes a step many times slower on a busy machine. Those that sleep
// at once are woken for every kernel, which takes a small model's half. A thousand looks, some microseconds,
// reach from one kernel to the next (docs/performance.md). OpenMP reads this while it is loaded, before main,
// so that the program has to start itself once more.
void let_idle_threads_sleep_soon(char** arguments) {
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
    if (::setenv("GOMP_SPINCOUNT", "1000", 1) == 0 && ::setenv("OMP_WAIT_POLICY", "passive", 1) == 0)
        ::execv("/proc/self/exe", arguments);
    // Without /proc it goes on as it is.
}

}  // namespace unmask
