// SPDX-License-Identifier: Apache-2.0
// The whole detector, four branches at 224 pixels: inference by batch, and a training step of 8. What the
// machine needs at least is counted from the convolutions' and products' arithmetic alone. UNMASK_THREADS=N
// uses N threads.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "apps/profile/machine.h"
#include "apps/training/training_step.h"
#include "cpu/parallel.h"
#include "engine/ops/kernel_work.h"
#include "engine/philox.h"
#include "losses/objective.h"
#include "models/inference/inference_step.h"

namespace unmask {
namespace {

constexpr int branches = 4, size = 224;

constexpr const char* backbones[] = {"resnet18", "resnet34", "resnet50", "mobilenet_v1", "efficientnet_b0"};

Tensor images(int64_t batch) {
    const Philox random(1, "images");
    Tensor result = Tensor::empty({batch, size, size, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = 4.0f * random.uniform(0, static_cast<uint64_t>(i)) - 2.0f;
    return result;
}

template <class Work>
void time_images(benchmark::State& state, const MachinePeak& machine, int64_t batch, const Work& work) {
    double flops = 0;
    {
        const WorkCounter counter;
        work();  // makes what is made once
        flops = counter.work().flops;
    }
    context_of(cpu_device)->reset_peak();
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    for (auto _ : state) work();
    const double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count() / double(state.iterations());
    state.counters["images/s"] = double(batch) / seconds;
    state.counters["of_peak"] = flops / seconds / machine.flops;
    state.counters["peak_MB"] = double(context_of(cpu_device)->memory().peak_bytes) / 1e6;
}

void infer(benchmark::State& state, const char* backbone, const MachinePeak& machine) {
    Detector detector({.backbone = backbone, .branches = branches, .size = size});
    detector.initialize(0);
    detector.keep_inference_only();
    InferenceStep step(detector, cpu_device);
    const Tensor x = images(state.range(0));
    time_images(state, machine, state.range(0), [&] { benchmark::DoNotOptimize(step.enqueue(x).raw()); });
}

void train(benchmark::State& state, const char* backbone, const MachinePeak& machine) {
    TrainOptions options;
    options.model = {.backbone = backbone, .branches = branches, .size = size};
    Detector detector(options.model);
    detector.initialize(0);
    Objective objective(options.objective);
    objective.initialize(0);
    TrainingStep step(detector, objective, options);
    const int64_t batch = state.range(0);
    const Tensor x = images(batch);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < batch; ++i) labels.push_back(i % 2);
    const Targets targets{.labels = Tensor::from<int64_t>({batch}, labels), .mixed_labels = {}, .lambda = 1};
    int64_t number = 0;
    time_images(state, machine, batch, [&] { step.enqueue(x, targets, number++, 1e-3); });
}

int run(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    if (const char* threads = std::getenv("UNMASK_THREADS")) set_thread_count(std::atoi(threads));
    static const MachinePeak machine = measure_machine();
    benchmark::AddCustomContext("threads", std::to_string(machine.threads));
    benchmark::AddCustomContext(
        "peak", fmt::format("{:.0f} GFLOP/s, {:.1f} GB/s copied", machine.flops / 1e9, machine.bytes / 1e9));
    for (const char* backbone : backbones) {
        benchmark::RegisterBenchmark(fmt::format("infer/{}x{}", backbone, branches).c_str(),
                                     [backbone](benchmark::State& state) { infer(state, backbone, machine); })
            ->Arg(1)
            ->Arg(8)
            ->Arg(32)
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(fmt::format("train/{}x{}", backbone, branches).c_str(),
                                     [backbone](benchmark::State& state) { train(state, backbone, machine); })
            ->Arg(8)
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
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
        fmt::print(stderr, "detector_bench: {}\n", error.what());
        return 2;
    }
}
