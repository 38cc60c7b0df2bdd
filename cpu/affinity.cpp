// SPDX-License-Identifier: Apache-2.0
#include "cpu/affinity.h"

#include <algorithm>
#include <numeric>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

namespace unmask {
namespace {

// OpenMP that binds threads has bound the first one to the first of its places before main().
std::vector<int> cpus_of_places() {
    std::vector<int> cpus;
#ifdef _OPENMP
    if (omp_get_proc_bind() == omp_proc_bind_false) return cpus;
    for (int place = 0; place < omp_get_num_places(); ++place) {
        std::vector<int> ids(size_t(std::max(omp_get_place_num_procs(place), 0)));
        if (!ids.empty()) omp_get_place_proc_ids(place, ids.data());
        cpus.insert(cpus.end(), ids.begin(), ids.end());
    }
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
#endif
    return cpus;
}

// Of this process for 0; none where the system does not tell.
std::vector<int> cpus_of_mask([[maybe_unused]] int process) {
    std::vector<int> cpus;
#ifdef __linux__
    constexpr int most_cpus = 1 << 16;
    for (int room = 1024; room <= most_cpus; room *= 2) {  // the kernel refuses less than it has
        std::vector<cpu_set_t> mask(CPU_ALLOC_SIZE(room) / sizeof(cpu_set_t));
        const size_t bytes = mask.size() * sizeof(cpu_set_t);
        if (::sched_getaffinity(process, bytes, mask.data()) != 0) {
            if (errno == EINVAL) continue;
            break;
        }
        for (int cpu = 0; cpu < room; ++cpu)
            if (CPU_ISSET_S(cpu, bytes, mask.data())) cpus.push_back(cpu);
        break;
    }
#endif
    return cpus;
}

}  // namespace

std::vector<int> usable_cpus() {
    std::vector<int> cpus = cpus_of_places();
    if (cpus.empty()) cpus = cpus_of_mask(0);
    if (cpus.empty()) {
        cpus.resize(std::max(1U, std::thread::hardware_concurrency()));
        std::iota(cpus.begin(), cpus.end(), 0);
    }
    return cpus;
}

int launcher_cpus() {
    std::vector<int> cpus;
#ifdef __linux__
    cpus = cpus_of_mask(::getppid());
#endif
    return int(cpus.empty() ? usable_cpus().size() : cpus.size());
}

int cpu_share(std::span<const int> own, std::span<const int> users) {
    double share = 0;
    for (const int cpu : own) share += 1.0 / std::max(users[size_t(cpu)], 1);
    constexpr double rounding = 1e-6;
    return std::max(int(share + rounding), 1);
}

}  // namespace unmask
