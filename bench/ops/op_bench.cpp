// SPDX-License-Identifier: Apache-2.0
// Every op at the sizes of a detector, forward, and forward with backward: seconds, and what part of them the
// machine's floor is. By the compute mode of `unmask`. Rows that Winograd's algorithm computes in that mode
// are measured without it too, the others that it can compute by `--winograd all`.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>

#include "apps/idle_threads.h"
#include "bench/ops/op_rows.h"
#include "bench/program/program.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

// Times the work, and says how much a second that is and what part of the time this machine needs at least.
template <class Work>
void time_work(benchmark::State& state, const KernelWork& needed, const Work& work) {
    const MachinePeak& machine = machine_peak();
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    for (auto _ : state) work();
    const double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count() / double(state.iterations());
    if (needed.flops > 0) {
        state.counters["GFLOP/s"] = needed.flops / seconds / 1e9;
        state.counters["of_peak"] = needed.flops / seconds / machine.flops;
    }
    if (needed.bytes <= 0) return;  // no kernel is called
    state.counters["GB/s"] = needed.bytes / seconds / 1e9;
    state.counters["of_bandwidth"] = needed.bytes / seconds / machine.bytes;
    state.counters["of_floor"] = floor_seconds(machine, needed.flops, needed.bytes) / seconds;
}

// Sets it for one row.
void use(Winograd winograd) {
    ComputeMode mode = compute_mode();
    mode.winograd = winograd;
    set_compute_mode(mode);
}

void forward(benchmark::State& state, const OpRow& row, Winograd winograd) {
    use(winograd);
    const NoGrad nothing_recorded;
    const std::vector<Variable> inputs = row_inputs(row);
    time_work(state, forward_work(row), [&] {
        const Variable y = row.op_case.run(inputs);
        benchmark::DoNotOptimize(y.value().raw());
    });
}

void training(benchmark::State& state, const OpRow& row, Winograd winograd) {
    use(winograd);
    std::vector<Variable> inputs = row_inputs(row);
    const Tensor gradient = projection(row.op_case.run(inputs).shape(), DType::f32);
    time_work(state, training_work(row), [&] {
        row.op_case.run(inputs).backward(gradient);
        for (Variable& input : inputs) input.clear_gradient();
    });
}

void add_row(const OpRow& row, Winograd winograd, const std::string& suffix) {
    const auto add = [&](const std::string& pass, auto function) {
        benchmark::RegisterBenchmark(
            (row.op_case.name + "/" + pass + suffix).c_str(),
            [&row, winograd, function](benchmark::State& state) { function(state, row, winograd); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
    };
    add("forward", &forward);
    if (is_differentiable(row)) add("training", &training);
}

void add_rows() {
    static_cast<void>(machine_peak());
    const Winograd winograd = compute_mode().winograd;
    for (const OpRow& row : op_rows()) {
        add_row(row, winograd, "");
        if (row.winograd_from == Winograd::off) continue;
        if (row.winograd_from <= winograd)
            add_row(row, Winograd::off, "/winograd_off");
        else
            add_row(row, Winograd::all, "/winograd_all");
    }
}

[[gnu::section(".preinit_array"), gnu::used]] auto* const first = &let_idle_threads_sleep_soon;

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    return unmask::run_benchmark_program(argc, argv, &unmask::add_rows);
}
