// SPDX-License-Identifier: Apache-2.0
#include "apps/idle_threads.h"

#include <alloca.h>
#include <unistd.h>

#include <climits>
#include <cstring>

namespace unmask {
namespace {

bool sets(const char* entry, const char* name) {
    const size_t length = std::strlen(name);
    return std::strncmp(entry, name, length) == 0 && entry[length] == '=';
}

}  // namespace

// Idle OpenMP threads shall soon sleep, not spin: spinning ones take the cores from the threads that load
// pictures and from other programs, which makes a step many times slower on a busy machine. Those that sleep
// at once are woken for every kernel, which takes a small model's half. A thousand looks, some microseconds,
// reach from one kernel to the next (docs/performance.md). OpenMP reads this while it is loaded, so that the
// program has to start itself once more: before its libraries are initialised, which saves these
// initialisers.
void let_idle_threads_sleep_soon(int, char** arguments, char** environment) {
    static char wait[] = "OMP_WAIT_POLICY=passive", spin[] = "GOMP_SPINCOUNT=1000";
    size_t count = 0;
    for (; environment[count] != nullptr; ++count)
        if (sets(environment[count], "OMP_WAIT_POLICY") || sets(environment[count], "GOMP_SPINCOUNT")) return;
    char program[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) return;  // without /proc it goes on as it is
    program[length] = '\0';
    auto* extended = static_cast<char**>(alloca((count + 3) * sizeof(char*)));
    std::memcpy(extended, environment, count * sizeof(char*));
    extended[count] = wait;
    extended[count + 1] = spin;
    extended[count + 2] = nullptr;
    ::execve(program, arguments, extended);
}

}  // namespace unmask
