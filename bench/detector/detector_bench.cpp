// SPDX-License-Identifier: Apache-2.0
// The whole detector, four branches at 224 pixels, by the same work as `unmask bench`: inference by batch,
// and a training step of 8, by `--winograd all` too. What the machine needs at least is counted from the
// arithmetic of direct convolutions and products alone, so that Winograd's algorithm may take less.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>

#include "apps/bench_work.h"
#include "apps/idle_threads.h"
#include "bench/program/program.h"
#include "engine/ops/kernel_work.h"

namespace unmask {
namespace {

constexpr int branches = 4, size = 224;

constexpr const char* backbones[] = {"resnet18", "resnet34", "resnet50", "mobilenet_v1", "efficientnet_b0"};

void time_steps(benchmark::State& state, const std::string& mode, const char* backbone, Winograd winograd) {
    const MachinePeak& machine = machine_peak();
    BenchOptions options{.mode = mode, .batch = int(state.range(0)), .threads = machine.threads};
    options.train.compute.winograd = winograd;
    options.train.model = {.backbone = backbone, .branches = branches, .size = size};
    prepare_compute(options.train.compute, true);
    BenchWork work(options);
    work.record();
    double flops = 0;
    {
        const WorkCounter counter;
        work.step();
        flops = counter.work().flops;
    }
    context_of(cpu_device)->reset_peak();
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    for (auto _ : state) work.step();
    const double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count() / double(state.iterations());
    state.counters["images/s"] = options.batch / seconds;
    state.counters["of_peak"] = flops / seconds / machine.flops;
    state.counters["peak_MB"] = double(context_of(cpu_device)->memory().peak_bytes) / 1e6;
}

void add_row(const std::string& mode, const char* backbone, Winograd winograd, const std::string& suffix,
             const std::vector<int64_t>& batches) {
    auto* row = benchmark::RegisterBenchmark(
        fmt::format("{}{}/{}x{}", mode, suffix, backbone, branches).c_str(),
        [=](benchmark::State& state) { time_steps(state, mode, backbone, winograd); });
    for (const int64_t batch : batches) row->Arg(batch);
    row->UseRealTime()->Unit(benchmark::kMillisecond);
}

void add_rows() {
    static_cast<void>(machine_peak());
    const Winograd winograd = compute_mode().winograd;
    for (const char* backbone : backbones) {
        add_row("infer", backbone, winograd, "", {1, 8, 32});
        add_row("train", backbone, winograd, "", {8});
        if (winograd != Winograd::all) add_row("train", backbone, Winograd::all, "_winograd_all", {8});
    }
}

[[gnu::section(".preinit_array"), gnu::used]] auto* const first = &let_idle_threads_sleep_soon;

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    return unmask::run_benchmark_program(argc, argv, &unmask::add_rows);
}
