// SPDX-License-Identifier: Apache-2.0
// Every op at the sizes of a detector, forward, and forward with backward: seconds, and what part of them the
// machine's floor is. UNMASK_THREADS=N uses N threads, UNMASK_PORTABLE=1 leaves oneDNN out.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "apps/profile/machine.h"
#include "bench/ops/op_rows.h"
#include "cpu/parallel.h"
#include "engine/kernel.h"

namespace unmask {
namespace {

// Times the work, and says how much a second that is and what part of the time this machine needs at least.
template <class Work>
void time_work(benchmark::State& state, const MachinePeak& machine, const KernelWork& needed,
               const Work& work) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    for (auto _ : state) work();
    const double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count() / double(state.iterations());
    if (needed.flops > 0) {
        state.counters["GFLOP/s"] = needed.flops / seconds / 1e9;
        state.counters["of_peak"] = needed.flops / seconds / machine.flops;
    }
    state.counters["GB/s"] = needed.bytes / seconds / 1e9;
    state.counters["of_bandwidth"] = needed.bytes / seconds / machine.bytes;
    state.counters["of_floor"] = floor_seconds(machine, needed.flops, needed.bytes) / seconds;
}

void forward(benchmark::State& state, const OpRow& row, const MachinePeak& machine) {
    const NoGrad nothing_recorded;
    const std::vector<Variable> inputs = make_inputs(row.op_case, DType::f32);
    time_work(state, machine, forward_work(row), [&] {
        const Variable y = row.op_case.run(inputs);
        benchmark::DoNotOptimize(y.value().raw());
    });
}

void training(benchmark::State& state, const OpRow& row, const MachinePeak& machine) {
    std::vector<Variable> inputs = make_inputs(row.op_case, DType::f32);
    const Tensor gradient = projection(row.op_case.run(inputs).shape(), DType::f32);
    time_work(state, machine, training_work(row), [&] {
        row.op_case.run(inputs).backward(gradient);
        for (Variable& input : inputs) input.clear_gradient();
    });
}

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' && std::string(value) != "0";
}

int run(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    if (is_set("UNMASK_THREADS")) set_thread_count(std::atoi(std::getenv("UNMASK_THREADS")));
    if (is_set("UNMASK_PORTABLE")) set_onednn_enabled(false);
    static const MachinePeak machine = measure_machine();
    benchmark::AddCustomContext("threads", std::to_string(machine.threads));
    benchmark::AddCustomContext(
        "peak", fmt::format("{:.0f} GFLOP/s, {:.1f} GB/s copied", machine.flops / 1e9, machine.bytes / 1e9));
    benchmark::AddCustomContext("kernels", onednn_available() && onednn_enabled() ? "oneDNN" : "portable");
    for (const OpRow& row : op_rows()) {
        benchmark::RegisterBenchmark((row.op_case.name + "/forward").c_str(),
                                     [&row](benchmark::State& state) { forward(state, row, machine); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
        if (is_differentiable(row))
            benchmark::RegisterBenchmark((row.op_case.name + "/training").c_str(),
                                         [&row](benchmark::State& state) { training(state, row, machine); })
                ->UseRealTime()
                ->Unit(benchmark::kMicrosecond);
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    try {
        return unmask::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "op_bench: {}\n", error.what());
        return 2;
    }
}
