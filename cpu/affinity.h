// SPDX-License-Identifier: Apache-2.0
// The CPUs that a process may run on (its affinity mask): launchers (mpirun), taskset and a container's set
// of CPUs narrow them; a container's share of time does not.
#pragma once

#include <span>
#include <vector>

namespace unmask {

// Their numbers, ascending, never none; with OMP_PLACES or OMP_PROC_BIND those of OpenMP's places, since the
// mask is one thread's then. All of the machine's where the system does not tell.
[[nodiscard]] std::vector<int> usable_cpus();

// How many the process may run on that started this one: the launcher, unless a script in between stays; as
// many as this one where the system does not tell.
[[nodiscard]] int launcher_cpus();

// How many of them are one process's, where processes share a machine: of each CPU its part, in whole CPUs
// and at least 1. users[i]: how many processes may run on CPU i.
[[nodiscard]] int cpu_share(std::span<const int> own, std::span<const int> users);

}  // namespace unmask
