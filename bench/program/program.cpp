// SPDX-License-Identifier: Apache-2.0
#include "bench/program/program.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "apps/build_information.h"
#include "apps/compute.h"
#include "bench/program/machine_text.h"
#include "cpu/parallel.h"
#include "engine/error.h"
#include "engine/kernel.h"
#include "engine/libraries.h"

namespace unmask {
namespace {

// Empty where it is not set.
std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// The program's defaults, but for what the environment says.
Compute asked_compute() {
    Compute compute;
    if (const std::string winograd = environment("UNMASK_WINOGRAD"); !winograd.empty())
        compute.winograd = parse_winograd(winograd);
    return compute;
}

void add_context(const Compute& compute) {
    benchmark::AddCustomContext("machine", machine_text());
    benchmark::AddCustomContext("unmask", version());
    for (const auto& [name, value] : build_information())
        if (name == "compiler" || name == "build_type") benchmark::AddCustomContext(name, value);
    std::string libraries;
    for (const auto& [name, value] : library_versions())
        libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, value);
    benchmark::AddCustomContext("libraries", libraries);
    benchmark::AddCustomContext("kernels", onednn_available() && onednn_enabled() ? "oneDNN" : "portable");
    benchmark::AddCustomContext("winograd", std::string(name_of(compute.winograd)));
    benchmark::AddCustomContext("threads", std::to_string(thread_count()));
    const std::string spin = environment("GOMP_SPINCOUNT"), policy = environment("OMP_WAIT_POLICY");
    benchmark::AddCustomContext("idle_threads",
                                fmt::format("OMP_WAIT_POLICY={} GOMP_SPINCOUNT={}", policy, spin));
}

}  // namespace

const MachinePeak& machine_peak() {
    static const MachinePeak machine = [] {
        const MachinePeak measured = measure_machine();
        benchmark::AddCustomContext("peak", fmt::format("{:.0f} GFLOP/s, {:.1f} GB/s copied",
                                                        measured.flops / 1e9, measured.bytes / 1e9));
        return measured;
    }();
    return machine;
}

int run_benchmark_program(int argc, char** argv, const std::function<void()>& register_rows) {
    try {
        benchmark::Initialize(&argc, argv);
        if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
        if (const std::string threads = environment("UNMASK_THREADS"); !threads.empty()) {
            if (threads.find_first_not_of("0123456789") != std::string::npos || threads.size() > 4)
                fail("UNMASK_THREADS: expected a number of threads, found '{}'", threads);
            set_thread_count(std::stoi(threads));
        }
        if (const std::string portable = environment("UNMASK_PORTABLE"); !portable.empty() && portable != "0")
            set_onednn_enabled(false);
        const Compute compute = asked_compute();
        prepare_compute(compute, true);
        add_context(compute);
        register_rows();
        benchmark::RunSpecifiedBenchmarks();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", argv[0], error.what());
        return 2;
    }
}

}  // namespace unmask
